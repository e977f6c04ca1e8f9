import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { EC2 } from "@aws-sdk/client-ec2";
import { openOwn, readLive, readPlaces, readState, type Source } from "../read.ts";

/** The pages of a call's answers, or why it fails. */
type Answers = Readonly<Record<string, readonly object[] | Error>>;

/** A client of a region that answers calls so; a call that it does not know has an empty answer. */
function clientOf(region: string, answers: Answers): { client: EC2; readonly isOpen: boolean } {
    const client = new EC2({ region, credentials: { accessKeyId: "x", secretAccessKey: "x" } });
    let isOpen = true;
    Object.assign(client, {
        send: ({ constructor, input }: { constructor: { name: string }; input: { NextToken?: string } }) => {
            const pages = answers[constructor.name.replace(/Command$/, "")] ?? [];
            if (pages instanceof Error) return Promise.reject(pages);
            const at = Number(input.NextToken ?? 0);
            return Promise.resolve({ ...pages[at], NextToken: at + 1 < pages.length ? String(at + 1) : undefined });
        },
        destroy: () => {
            isOpen = false;
        },
    });
    return {
        client,
        get isOpen() {
            return isOpen;
        },
    };
}

const denied = Object.assign(new Error("you may not"), { name: "UnauthorizedOperation" });
const calls = [
    "DescribeVpcs",
    "DescribeSubnets",
    "DescribeRouteTables",
    "DescribeNetworkAcls",
    "DescribeSecurityGroups",
    "DescribeNetworkInterfaces",
    "DescribeInstances",
    "DescribeVpcPeeringConnections",
    "DescribeInternetGateways",
    "DescribeManagedPrefixLists",
];
const here: Source = { region: "eu-north-1" };

describe("a place", () => {
    it("has all pages of each kind, and the blocks of prefix lists", async () => {
        const { client } = clientOf("eu-north-1", {
            DescribeVpcs: [{ Vpcs: [{ VpcId: "vpc-1", OwnerId: "111111111111" }] }, { Vpcs: [{ VpcId: "vpc-2" }] }],
            DescribeSubnets: [{ Subnets: [{ SubnetId: "subnet-1" }] }],
            DescribeRouteTables: [{ RouteTables: [{ RouteTableId: "rtb-1" }] }],
            DescribeNetworkAcls: [{ NetworkAcls: [{ NetworkAclId: "acl-1" }] }],
            DescribeSecurityGroups: [{ SecurityGroups: [{ GroupId: "sg-1" }] }],
            DescribeNetworkInterfaces: [{ NetworkInterfaces: [{ NetworkInterfaceId: "eni-1" }] }],
            DescribeInstances: [{ Reservations: [{ Instances: [{ InstanceId: "i-1" }] }] }],
            DescribeVpcPeeringConnections: [{ VpcPeeringConnections: [{ VpcPeeringConnectionId: "pcx-1" }] }],
            DescribeInternetGateways: [{ InternetGateways: [{ InternetGatewayId: "igw-1" }] }],
            DescribeManagedPrefixLists: [{ PrefixLists: [{ PrefixListId: "pl-1" }] }],
            GetManagedPrefixListEntries: [
                { Entries: [{ Cidr: "10.1.0.0/16" }] },
                { Entries: [{ Cidr: "10.2.0.0/16" }, {}] },
            ],
        });
        assert.deepEqual(await readLive(client, { ...here, profile: "mine" }), {
            account: "111111111111",
            region: "eu-north-1",
            profile: "mine",
            unread: {},
            Vpcs: [{ VpcId: "vpc-1", OwnerId: "111111111111" }, { VpcId: "vpc-2" }],
            Subnets: [{ SubnetId: "subnet-1" }],
            RouteTables: [{ RouteTableId: "rtb-1" }],
            NetworkAcls: [{ NetworkAclId: "acl-1" }],
            SecurityGroups: [{ GroupId: "sg-1" }],
            NetworkInterfaces: [{ NetworkInterfaceId: "eni-1" }],
            Reservations: [{ Instances: [{ InstanceId: "i-1" }] }],
            VpcPeeringConnections: [{ VpcPeeringConnectionId: "pcx-1" }],
            InternetGateways: [{ InternetGatewayId: "igw-1" }],
            PrefixLists: [{ PrefixListId: "pl-1", Cidrs: ["10.1.0.0/16", "10.2.0.0/16"] }],
        });
    });

    for (const [what, answers, account] of [
        ["its network ACLs", { DescribeNetworkAcls: [{ NetworkAcls: [{ OwnerId: "222222222222" }] }] }, "222222222222"],
        ["its groups", { DescribeSecurityGroups: [{ SecurityGroups: [{ OwnerId: "333333333333" }] }] }, "333333333333"],
        ["no owner at all", { DescribeVpcs: [{ Vpcs: [{ VpcId: "vpc-1" }] }] }, "unknown"],
    ] as const) {
        it(`is in account ${account} by ${what}`, async () => {
            assert.equal((await readLive(clientOf("eu-north-1", answers).client, here)).account, account);
        });
    }

    it("lacks what may not be read, and says why", async () => {
        const { client } = clientOf("eu-north-1", { DescribeVpcs: denied, GetManagedPrefixListEntries: denied });
        const { Vpcs, Subnets, unread } = await readLive(client, here);
        assert.deepEqual(
            { Vpcs, Subnets, unread },
            {
                Vpcs: undefined,
                Subnets: [],
                unread: { Vpcs: "UnauthorizedOperation: you may not" },
            },
        );
    });

    it("does not tell a profile that is a secret, or leads to another account than the role", async () => {
        const { client } = clientOf("eu-north-1", {});
        const role = { roleArn: "arn:aws:iam::222222222222:role/x" };
        for (const more of [{ isSecret: true }, role]) {
            assert.equal((await readLive(client, { ...here, profile: "mine", ...more })).profile, undefined);
        }
    });

    it("is none where nothing may be read", async () => {
        const { client } = clientOf("eu-north-1", Object.fromEntries(calls.map((call) => [call, denied])));
        await assert.rejects(readLive(client, here), denied);
    });
});

describe("places", () => {
    it("are opened once each, and left out where there are no credentials", async () => {
        const opened: Source[] = [];
        const open = (source: Source) => {
            opened.push(source);
            return undefined;
        };
        const own = { region: "eu-north-1", profile: undefined };
        assert.deepEqual(await readPlaces([own, { ...own }, { ...own, profile: "theirs" }], open), []);
        assert.deepEqual(opened, [own, { ...own, profile: "theirs" }]);
    });

    /** A connection from the own VPC to one elsewhere. */
    const connection = (id: string, OwnerId: string | undefined, Region: string | undefined) => ({
        VpcPeeringConnectionId: id,
        RequesterVpcInfo: { VpcId: "vpc-1", OwnerId: "111111111111", Region: "eu-north-1" },
        AccepterVpcInfo: { VpcId: `vpc-of-${id}`, OwnerId, Region },
    });
    const answers: Answers = {
        DescribeVpcs: [{ Vpcs: [{ VpcId: "vpc-1", OwnerId: "111111111111" }] }],
        DescribeVpcPeeringConnections: [
            {
                VpcPeeringConnections: [
                    connection("pcx-1", "111111111111", "us-east-1"),
                    connection("pcx-2", "111111111111", "us-east-1"),
                    connection("pcx-3", "222222222222", "eu-north-1"),
                    connection("pcx-4", "333333333333", "eu-north-1"),
                    connection("pcx-5", "111111111111", "eu-north-1"),
                    connection("pcx-6", "111111111111", undefined),
                ],
            },
        ],
    };

    it("include those of VPCs that are peered with theirs, each once and as far as they open", async () => {
        const opened: (readonly [Source, string | undefined])[] = [];
        const clients: ReturnType<typeof clientOf>[] = [];
        const open = (source: Source, account: string | undefined) => {
            opened.push([source, account]);
            if (account === "333333333333") return undefined;
            const Vpcs = [{ VpcId: `vpc-in-${source.region}`, OwnerId: account ?? "111111111111" }];
            const made = clientOf(source.region ?? "", clients.length === 0 ? answers : { DescribeVpcs: [{ Vpcs }] });
            clients.push(made);
            return made.client;
        };
        const { places, vpc } = await readState([{ ...here, profile: "mine" }], open);
        assert.deepEqual(opened, [
            [{ region: "eu-north-1", profile: "mine" }, undefined],
            [{ region: "us-east-1", profile: "mine" }, undefined],
            [{ region: "eu-north-1", profile: undefined }, "222222222222"],
            [{ region: "eu-north-1", profile: undefined }, "333333333333"],
        ]);
        assert.deepEqual(
            places.map(({ account, region }) => [account, region]),
            [
                ["111111111111", "eu-north-1"],
                ["111111111111", "us-east-1"],
                ["222222222222", "eu-north-1"],
            ],
        );
        assert.equal(vpc("vpc-in-us-east-1")?.place.profile, "mine");
        assert.ok(clients.every(({ isOpen }) => !isOpen));
    });

    it("are read in a peer's region with the role and the profile of the source that showed it", async () => {
        const opened: Source[] = [];
        const shown = (account: string): Answers => ({
            DescribeVpcs: [{ Vpcs: [{ VpcId: "vpc-1", OwnerId: account }] }],
            DescribeVpcPeeringConnections: [{ VpcPeeringConnections: [connection("pcx-1", account, "us-east-1")] }],
        });
        const open = (source: Source) => {
            opened.push(source);
            const account = source.roleArn === undefined ? "111111111111" : "222222222222";
            return clientOf(source.region ?? "", shown(account)).client;
        };
        const role = { roleArn: "arn:aws:iam::222222222222:role/x", externalId: "1234", profile: "theirs" };
        const sources = [
            { ...here, profile: "mine" },
            { ...here, ...role },
        ];
        const { places } = await readState(sources, open);
        const abroad = { region: "us-east-1" };
        assert.deepEqual(opened, [...sources, { profile: "mine", ...abroad }, { ...role, ...abroad }]);
        assert.deepEqual(
            places.map(({ account, region, profile }) => [account, region, profile]),
            [
                ["111111111111", "eu-north-1", "mine"],
                ["222222222222", "eu-north-1", undefined],
                ["111111111111", "us-east-1", "mine"],
                ["222222222222", "us-east-1", undefined],
            ],
        );
    });

    it("are closed also where nothing may be read", async () => {
        const made = clientOf("eu-north-1", Object.fromEntries(calls.map((call) => [call, denied])));
        await assert.rejects(
            readPlaces([here], () => made.client),
            denied,
        );
        assert.equal(made.isOpen, false);
    });
});

describe("a place of one's own", () => {
    const folder = mkdtempSync(join(tmpdir(), "read-"));
    const kept = { ...process.env };
    /** What was asked of the service that gives credentials of roles. */
    const asked: URLSearchParams[] = [];
    /** Whose credentials asked for them. */
    const askers: (string | undefined)[] = [];
    const server = createServer((request, response) => {
        void text(request).then((body) => {
            asked.push(new URLSearchParams(body));
            askers.push(/Credential=(\w+)/.exec(request.headers.authorization ?? "")?.[1]);
            const [key, secret, token] = ["AccessKeyId", "SecretAccessKey", "SessionToken"].map(
                (name) => `<${name}>role</${name}>`,
            );
            const expires = "<Expiration>2099-01-01T00:00:00Z</Expiration>";
            response.setHeader("Content-Type", "text/xml");
            response.end(
                `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>${key}${secret}${token}${expires}</Credentials></AssumeRoleResult></AssumeRoleResponse>`,
            );
        });
    });

    before(async () => {
        await new Promise<void>((resolve) => {
            server.listen(0, "127.0.0.1", resolve);
        });
        const { port } = server.address() as AddressInfo;
        const file = join(folder, "credentials");
        const credentials = (name: string, key: string) =>
            `[${name}]\naws_access_key_id = ${key}\naws_secret_access_key = x\n`;
        writeFileSync(file, `${credentials("default", "usual")}${credentials("theirs", "theirs")}`);
        for (const name of ["AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]) {
            Reflect.deleteProperty(process.env, name);
        }
        Object.assign(process.env, {
            AWS_SHARED_CREDENTIALS_FILE: file,
            AWS_CONFIG_FILE: file,
            AWS_REGION: "us-west-2",
            AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${port}`,
        });
    });
    after(() => {
        server.close();
        process.env = kept;
        rmSync(folder, { recursive: true });
    });

    /** Whose credentials a source opens with, and in which region. */
    async function opened(source: Source): Promise<readonly [string | undefined, string | undefined]> {
        const client = await openOwn(source, undefined);
        const found = [(await client?.config.credentials())?.accessKeyId, await client?.config.region()] as const;
        client?.destroy();
        return found;
    }

    it("opens with the usual credentials, or a profile's, in its region or the usual one", async () => {
        assert.deepEqual(await opened({}), ["usual", "us-west-2"]);
        assert.deepEqual(await opened(here), ["usual", "eu-north-1"]);
        assert.deepEqual(await opened({ ...here, profile: "theirs" }), ["theirs", "eu-north-1"]);
    });

    it("opens with a role's credentials, for which it asks in its region", async () => {
        const role = { roleArn: "arn:aws:iam::222222222222:role/x", externalId: "1234" };
        assert.deepEqual(await opened({ ...here, ...role }), ["role", "eu-north-1"]);
        assert.deepEqual(await opened(role), ["role", "us-west-2"]);
        const fields = ["Action", "RoleArn", "ExternalId", "RoleSessionName"];
        const wanted = ["AssumeRole", role.roleArn, "1234", "vpc-peering-lab"];
        assert.deepEqual(
            asked.map((one) => fields.map((name) => one.get(name))),
            [wanted, wanted],
        );
        assert.deepEqual(askers, ["usual", "usual"]);
    });

    it("assumes a role with the credentials of the profile that is given", async () => {
        askers.length = 0;
        const roleArn = "arn:aws:iam::222222222222:role/x";
        assert.deepEqual(await opened({ ...here, roleArn, profile: "theirs" }), ["role", "eu-north-1"]);
        assert.deepEqual(askers, ["theirs"]);
    });

    it("does not open where it is another account's", async () => {
        assert.equal(await openOwn(here, "222222222222"), undefined);
    });
});
