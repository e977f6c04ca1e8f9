import assert from "node:assert/strict";
import { createServer, request, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer, text } from "node:stream/consumers";
import type { Caller } from "../api/client/caller.ts";
import { iamActions } from "../api/iamActions.ts";
import { startGateway, type Answered } from "../api/gateway.ts";

/** A request as the API behind the gateway receives it. */
interface Call {
    readonly url: string | undefined;
    readonly headers: IncomingHttpHeaders;
    readonly body: Buffer;
}

describe("Gateway", () => {
    let upstream: Server;
    let answer: { status: number; headers: Record<string, string>; pieces: readonly (string | Buffer)[] };
    let calls: Call[];
    let onChange: (caller: Caller) => Promise<void>;
    let errors: unknown[];
    let answered: Answered[];
    let gateway: { endpoint: string; stop(): void };

    beforeEach(async () => {
        answer = { status: 200, headers: {}, pieces: ["done"] };
        calls = [];
        errors = [];
        answered = [];
        onChange = () => assert.fail("nothing should change");
        upstream = createServer((incoming, outgoing) => {
            void buffer(incoming).then((body) => {
                calls.push({ url: incoming.url, headers: incoming.headers, body });
                outgoing.writeHead(answer.status, answer.headers);
                answer.pieces.forEach((piece) => outgoing.write(piece));
                outgoing.end();
            });
        });
        await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
        gateway = await startGateway({
            upstream: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`,
            onChange: (caller) => onChange(caller),
            onCall: (one) => answered.push(one),
            onError: (error) => errors.push(error),
        });
    });

    afterEach(() => {
        gateway.stop();
        upstream.close();
        upstream.closeAllConnections();
    });

    /** Calls an action, signed for a service; returns the response's status, headers and text. */
    function call(action: string, { service = "ec2", method = "POST", path = "/", body = Buffer.from("") } = {}) {
        const scope = `AWS4-HMAC-SHA256 Credential=test/20260101/eu-north-1/${service}/aws4_request, SignedHeaders=host`;
        const headers = { authorization: scope, "content-type": "application/x-www-form-urlencoded", "x-any": "thing" };
        return new Promise<{ status: number | undefined; headers: IncomingHttpHeaders; text: string }>(
            (resolve, reject) => {
                request(new URL(path, gateway.endpoint), { method, headers }, (incoming) => {
                    void text(incoming).then((text) => {
                        resolve({ status: incoming.statusCode, headers: incoming.headers, text });
                    });
                })
                    .on("error", reject)
                    .end(method === "HEAD" ? undefined : Buffer.concat([Buffer.from(`Action=${action}`), body]));
            },
        );
    }

    it("forwards a request and its response unchanged", async () => {
        const bytes = Buffer.from([0, 255, 10, 13, 128]);
        answer = {
            status: 418,
            headers: { "x-amzn-requestid": "7", "content-type": "x/y" },
            pieces: ["a", "é", bytes],
        };
        const { status, headers, text } = await call("Describe", { path: "/any?a=%20b", body: bytes });
        assert.equal(status, 418);
        assert.equal(headers["x-amzn-requestid"], "7");
        assert.equal(headers["content-type"], "x/y");
        assert.equal(text, Buffer.concat([Buffer.from("aé"), bytes]).toString());
        const [passed] = calls;
        assert.ok(passed);
        assert.equal(passed.url, "/any?a=%20b");
        assert.equal(passed.headers["x-any"], "thing");
        assert.deepEqual(passed.body, Buffer.concat([Buffer.from("Action=Describe"), bytes]));
    });

    it("keeps the content length of a response without a body", async () => {
        answer = { status: 200, headers: { "content-length": "1234" }, pieces: [] };
        const { headers, text } = await call("", { method: "HEAD", service: "ssm" });
        assert.deepEqual([headers["content-length"], text], ["1234", ""]);
    });

    it("responds to a change only after the network is updated", async () => {
        const order: string[] = [];
        let obey = (): void => assert.fail("called too early");
        const asked = new Promise<void>((resolve) => {
            onChange = () => {
                order.push(`passed on: ${calls.length}`);
                resolve();
                return new Promise((done) => (obey = done));
            };
        });
        const answered = call("DeleteRoute").then(() => order.push("answered"));
        await asked;
        // Another call completes while the first one waits.
        await call("DescribeRouteTables");
        order.push("obeyed");
        obey();
        await answered;
        assert.deepEqual(order, ["passed on: 1", "obeyed", "answered"]);
    });

    it("reports each call when it is answered, and the answer unless the call only reads", async () => {
        answer = { ...answer, pieces: ["<vpcId>vpc-1</vpcId>"] };
        onChange = () => Promise.resolve();
        await call("DescribeVpcs");
        await call("CreateRoute", { body: Buffer.from("&RouteTableId=rtb-1") });
        await call("NoSuchAction");
        const told = answered.map(({ actions, body, answer: text }) => [...actions, body, text.slice(0, 20)]);
        assert.deepEqual(told.slice(0, 2), [
            ["ec2:DescribeVpcs", "Action=DescribeVpcs", ""],
            ["ec2:CreateRoute", "Action=CreateRoute&RouteTableId=rtb-1", "<vpcId>vpc-1</vpcId>"],
        ]);
        assert.match(answered[2]?.answer ?? "", /NoSuchAction is not in this sandbox/);
        assert.equal(answered.length, 3);
        assert.deepEqual(answered[0]?.caller, { accessKeyId: "test", region: "eu-north-1" });
    });

    const kept = ["DescribeVpcs", "GetConsoleOutput", "ListImagesInRecycleBin", "CreateTags", "ImportKeyPair"];
    for (const action of kept) {
        it(`does not wait for ${action}, which does not affect the network`, async () => {
            assert.equal((await call(action)).text, "done");
        });
    }

    for (const service of ["ssm", "sts", "iam"]) {
        it(`does not wait for a change of ${service}`, async () => {
            assert.equal((await call("CreateThing", { service })).text, "done");
        });
    }

    it("reports the caller and the region of a change", async () => {
        const callers: Caller[] = [];
        onChange = (caller) => Promise.resolve(void callers.push(caller));
        await call("CreateVpc");
        assert.deepEqual(callers, [{ accessKeyId: "test", region: "eu-north-1" }]);
    });

    it("refuses an unsigned call of an action, which the API would carry out", async () => {
        const { status, text } = await call("CreateVpc", { service: "" });
        assert.equal(status, 400);
        assert.match(text, /<Code>MissingAuthenticationToken<\/Code>/);
        assert.equal((await call("AssumeRoleWithWebIdentity", { service: "" })).text, "done");
        assert.equal(calls.length, 1);
    });

    it("carries out no dry run", async () => {
        const { status, text } = await call("DeleteRoute", { body: Buffer.from("&DryRun=true") });
        assert.equal(status, 400);
        assert.match(text, /<Code>DryRunOperation<\/Code>/);
        assert.deepEqual(calls, []);
        onChange = () => Promise.resolve();
        assert.equal((await call("DeleteRoute", { body: Buffer.from("&DryRun=false") })).text, "done");
    });

    it("does not wait after the API has refused a change", async () => {
        answer = { status: 400, headers: {}, pieces: ["no"] };
        assert.deepEqual([(await call("DeleteRoute")).status, errors], [400, []]);
    });

    it("responds to a change even if the network update fails, and reports the failure", async () => {
        const failure = new Error("no such device");
        onChange = () => Promise.reject(failure);
        assert.deepEqual([(await call("DeleteRoute")).text, errors], ["done", [failure]]);
    });

    it("returns an error if the API is unreachable", async () => {
        upstream.close();
        upstream.closeAllConnections();
        const { status, text } = await call("DescribeVpcs");
        assert.equal(status, 502);
        assert.match(text, /ECONNREFUSED/);
    });

    // AWS SDKs and Tools Reference Guide, "Retry behavior": they repeat calls after status 500, 502, 503 or 504.
    for (const action of ["DeleteRoute", "DescribeNetworkInsightsPaths"]) {
        it(`says that ${action} is not in the sandbox if the API can't answer it`, async () => {
            answer = { status: 500, headers: {}, pieces: ["<!doctype html>"] };
            const { status, text } = await call(action);
            assert.equal(status, 400);
            assert.match(
                text,
                new RegExp(`<Code>UnsupportedOperation</Code><Message>${action} is not in this sandbox`),
            );
        });
    }

    it("returns an error that SDKs don't repeat if a change may have been made", async () => {
        upstream.removeAllListeners("request");
        upstream.on("request", ({ socket }) => socket.destroy());
        assert.equal((await call("DescribeVpcs")).status, 502);
        const { status, text } = await call("DeleteRoute");
        assert.equal(status, 400);
        assert.match(text, /<Code>InternalFailure<\/Code><Message>The sandbox failed during DeleteRoute/);
    });
});

describe("IAM actions", () => {
    const signed = (service: string) => ({
        authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/eu-north-1/${service}/aws4_request, SignedHeaders=host`,
    });
    const json = { "x-amz-target": "AmazonSSM.GetParameter" };
    const calls = [
        {
            what: "one of EC2",
            headers: signed("ec2"),
            body: "Action=CreateRoute&Version=1",
            actions: ["ec2:CreateRoute"],
        },
        {
            what: "one of EC2 that tags what it creates",
            headers: signed("ec2"),
            body: "Action=CreateVpc&TagSpecification.1.ResourceType=vpc&TagSpecification.1.Tag.1.Key=Name",
            actions: ["ec2:CreateVpc", "ec2:CreateTags"],
        },
        {
            what: "one of EC2 that gives flow logs a role",
            headers: signed("ec2"),
            body: "Action=CreateFlowLogs&DeliverLogsPermissionArn=arn:aws:iam::123456789012:role/flows",
            actions: ["ec2:CreateFlowLogs", "iam:PassRole"],
        },
        {
            what: "one of a service with a JSON protocol",
            headers: { ...signed("ssm"), ...json },
            body: '{"Name":"Action=X"}',
            actions: ["ssm:GetParameter"],
        },
        { what: "one that is not signed", headers: json, body: "Action=CreateVpc", actions: [] },
        { what: "one without an action", headers: signed("s3"), body: "", actions: [] },
    ];
    for (const { what, headers, body, actions } of calls) {
        it(`of a call: ${what}`, () => {
            assert.deepEqual(iamActions(headers, Object.fromEntries(new URLSearchParams(body))), actions);
        });
    }
});
