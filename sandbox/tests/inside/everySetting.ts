import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EC2 } from "@aws-sdk/client-ec2";
import { credentialsOf } from "../../api/client/caller.ts";
import { inventory } from "../../lab/inventory.ts";
import { run, Stack } from "./pulumi.ts";

// Every setting is changed on a deployed stack. Takes minutes: `npm run test:changes`. Runs inside a sandbox with the real engine.

/** A resource's property, as the state has it; undefined for a resource that is not there. */
type Effect = readonly [resource: string, property: string, value: unknown];

/** A setting's new value, what shows it, and what shows that it is as before again. */
interface Change {
    /** Undefined to remove the setting. */
    readonly to: string | undefined;
    readonly shows: Effect;
    /** The property's value before, or `gone` for a resource that was not there. */
    readonly before: unknown;
    /** Shows only while the two are peered. */
    readonly ifPeered?: true;
}

/** Settings that are changed by one update. */
type Batch = Readonly<Record<string, Change>>;

const gone = undefined;
const change = (
    to: string | undefined,
    resource: string,
    property: string,
    value: unknown,
    before: unknown,
): Change => ({
    to,
    shows: [resource, property, value],
    before,
});
const whilePeered = (...args: Parameters<typeof change>): Change => ({ ...change(...args), ifPeered: true });
/** A change that makes a rule for a block. */
const rule = (list: string, resource: string): Change =>
    change(list, resource, "cidrIpv4", resource.replace(/^.*-/, ""), gone);

const endpoint = process.env["AWS_ENDPOINT_URL"] ?? "";
const home = process.env["AWS_REGION"] ?? "";
const account = "123456789012";
const role = "arn:aws:iam::222222222222:role/peering";
/** Everywhere that a side may be, as region and account. */
const places = [
    { region: home },
    { region: "us-west-2" },
    { region: "us-east-1" },
    { region: home, account: "222222222222" },
];

const keyFile = (await new Stack().pulumi("config", "get", "sshPrivateKeyPath")).text.trim();
const publicKey = (await run("ssh-keygen", ["-y", "-f", keyFile])).text.trim();
const images = {
    al2023: await imageOf("al2023-ami-kernel-default-x86_64"),
    al2: await imageOf("amzn2-ami-hvm-x86_64-gp2"),
};

/** The image behind a public parameter, in the program's words `/aws/service/ami-amazon-linux-latest/NAME`. */
async function imageOf(name: string): Promise<string> {
    const scope = `Credential=test/20260101/${home}/ssm/aws4_request, SignedHeaders=host, Signature=any`;
    const answer = await fetch(endpoint, {
        method: "POST",
        headers: {
            authorization: `AWS4-HMAC-SHA256 ${scope}`,
            "x-amz-target": "AmazonSSM.GetParameter",
            "content-type": "application/x-amz-json-1.1",
        },
        body: JSON.stringify({ Name: `/aws/service/ami-amazon-linux-latest/${name}` }),
    });
    return ((await answer.json()) as { Parameter: { Value: string } }).Parameter.Value;
}

/** Batches that are made on the isolated stack, one upon the other, and undone on the peered one, the last one first. */
const batches: Readonly<Record<string, Batch>> = {
    names: {
        prefix: change("abc", "lab-requester-route-table", "tags.Name", "abcVPCPeering-RT1", "ljhVPCPeering-RT1"),
        "requester.label": change("Blue", "lab-requester-vpc", "tags.Name", "abcBlue", "ljhVPC1"),
        "accepter.label": change("Green", "lab-accepter-vpc", "tags.Name", "abcGreen", "ljhVPC2"),
        tags: change('{"team":"network"}', "lab-accepter-subnet", "tags.team", "network", undefined),
    },
    addresses: {
        "requester.cidrBlock": change("10.45.0.0/16", "lab-requester-vpc", "cidrBlock", "10.45.0.0/16", "10.41.0.0/16"),
        "requester.subnetCidrBlock": change(
            "10.45.1.0/24",
            "lab-requester-subnet",
            "cidrBlock",
            "10.45.1.0/24",
            "10.41.1.0/24",
        ),
        "requester.privateIp": change("10.45.1.7", "lab-requester-server", "privateIp", "10.45.1.7", "10.41.1.100"),
        "requester.secondaryCidrBlocks": change(
            '["10.55.0.0/16"]',
            "lab-requester-10.55.0.0/16",
            "cidrBlock",
            "10.55.0.0/16",
            gone,
        ),
        "requester.routedCidrBlocks": whilePeered(
            '["10.45.0.0/20"]',
            "lab-peering-accepter-public-10.45.0.0/20",
            "destinationCidrBlock",
            "10.45.0.0/20",
            gone,
        ),
        "accepter.cidrBlock": change("10.46.0.0/16", "lab-accepter-vpc", "cidrBlock", "10.46.0.0/16", "10.42.0.0/16"),
        "accepter.subnetCidrBlock": change(
            "10.46.1.0/24",
            "lab-accepter-subnet",
            "cidrBlock",
            "10.46.1.0/24",
            "10.42.1.0/24",
        ),
        "accepter.privateIp": change("10.46.1.7", "lab-accepter-server", "privateIp", "10.46.1.7", "10.42.1.100"),
        "accepter.secondaryCidrBlocks": change(
            '["10.56.0.0/16"]',
            "lab-accepter-10.56.0.0/16",
            "cidrBlock",
            "10.56.0.0/16",
            gone,
        ),
        "accepter.routedCidrBlocks": whilePeered(
            '["10.46.0.0/20"]',
            "lab-peering-requester-public-10.46.0.0/20",
            "destinationCidrBlock",
            "10.46.0.0/20",
            gone,
        ),
    },
    "both servers": {
        instanceType: change("t3.small", "lab-requester-server", "instanceType", "t3.small", "t3.micro"),
        ami: change("al2", "lab-requester-ami", "output", images.al2, images.al2023),
        keyName: change("mine", "lab-requester-server", "keyName", "mine", /lab-key|terraform/),
        sshPublicKey: change(gone, "lab-key", "publicKey", gone, publicKey),
        sshCidrs: rule('["198.51.100.0/24","0.0.0.0/1","128.0.0.0/1"]', "lab-accepter-ssh-198.51.100.0/24"),
        icmpCidrs: rule('["10.0.0.0/8"]', "lab-accepter-icmp-10.0.0.0/8"),
        dnsHostnames: change("false", "lab-accepter-vpc", "enableDnsHostnames", false, true),
        dnsResolution: whilePeered(
            "false",
            "lab-peering-requester-dns-resolution",
            "requester.allowRemoteVpcDnsResolution",
            false,
            true,
        ),
    },
    "each server": Object.fromEntries(
        ["requester", "accepter"].flatMap((side) => [
            [`${side}.instanceType`, change("t2.micro", `lab-${side}-server`, "instanceType", "t2.micro", "t3.small")],
            [`${side}.ami`, change("al2023", `lab-${side}-ami`, "output", images.al2023, images.al2)],
            [`${side}.keyName`, change("other", `lab-${side}-server`, "keyName", "other", "mine")],
            [`${side}.sshCidrs`, rule('["0.0.0.0/2","64.0.0.0/2","128.0.0.0/1"]', `lab-${side}-ssh-64.0.0.0/2`)],
            [`${side}.icmpCidrs`, rule('["10.40.0.0/13"]', `lab-${side}-icmp-10.40.0.0/13`)],
            [`${side}.dnsHostnames`, change("true", `lab-${side}-vpc`, "enableDnsHostnames", true, false)],
        ]),
    ),
    "the check's key": {
        checkTimeLimit: change("200", "lab-check-Blue-ready", "environment.CHECK_LIMIT", "200", "300"),
        sshPrivateKey: change("", "lab-check-Blue-ready", "environment.CHECK_PRIVATE_KEY", /OPENSSH/, /OPENSSH/),
        sshPrivateKeyPath: change(gone, "lab-check-Green-ready", "environment.CHECK_PRIVATE_KEY", /OPENSSH/, /OPENSSH/),
    },
    "an agent": {
        sshPrivateKey: change(gone, "lab-check-Blue-ready", "environment.CHECK_PRIVATE_KEY", gone, /OPENSSH/),
        sshAgent: change("true", "lab-check-Green-ready", "environment.CHECK_PRIVATE_KEY", gone, /OPENSSH/),
    },
    "no check": { check: change("false", "lab-check-Blue-ready", "create", gone, /^ec2-user@/) },
};

/** Batches that are made and undone on the peered stack. */
const peeringBatches: Readonly<Record<string, Batch>> = {
    "what may pass": {
        extraPorts: change('["tcp/443"]', "lab-peering-accepter-server-tcp-443-10.41.0.0/16", "fromPort", 443, gone),
        requestsFrom: change("requester", "lab-peering-requester-server-tcp-80-10.42.0.0/16", "fromPort", gone, 80),
        autoAccept: change("true", "lab-peering-connection", "autoAccept", true, false),
    },
    "rules by group": {
        ingressFrom: change("group", "lab-peering-accepter-server-tcp-80-group-server", "fromPort", 80, gone),
    },
    "another accepter": {
        manageAccepter: change("false", "lab-peering-accepter-public-10.41.0.0/16", "routeTableId", gone, /^rtb-/),
    },
};

/** A request of another owner's. */
const accepted = (id: string): Batch => ({
    manageRequester: change("false", "lab-peering-requester-public-10.42.0.0/16", "routeTableId", gone, gone),
    peeringConnectionId: change(id, "lab-peering-accepter-public-10.41.0.0/16", "vpcPeeringConnectionId", id, gone),
    dnsResolution: change("false", "lab-peering-accepter-dns-resolution", "id", gone, gone),
});

/** Batches that move both sides. */
const moves: Readonly<Record<string, Batch>> = {
    "a region, and an account by a role": {
        "requester.region": change("us-west-2", "lab-requester-vpc", "arn", /:us-west-2:/, /:ap-northeast-2:/),
        "requester.accountId": change(account, "lab-requester-vpc", "ownerId", account, account),
        "accepter.roleArn": change(role, "lab-accepter-vpc", "ownerId", "222222222222", account),
        "accepter.externalId": change("agreed", `lab-accepter-${home}-222222222222`, "assumeRoles", /agreed/, gone),
        "accepter.accountId": change("222222222222", "lab-accepter-server", "arn", /:222222222222:/, /:123456789012:/),
    },
    "an account by a profile's role, and a region by a profile": {
        "requester.profile": change("peer", `lab-requester-${home}-222222222222`, "profile", "peer", gone),
        "requester.roleArn": change(role, "lab-requester-vpc", "ownerId", "222222222222", account),
        "requester.externalId": change("agreed", `lab-requester-${home}-222222222222`, "assumeRoles", /agreed/, gone),
        "accepter.profile": change("peer", "lab-accepter-us-east-1-peer", "profile", "peer", gone),
        "accepter.region": change("us-east-1", "lab-accepter-vpc", "arn", /:us-east-1:/, /:ap-northeast-2:/),
    },
};

interface StateResource {
    readonly urn: string;
    readonly id?: string;
    readonly inputs?: object;
    readonly outputs?: object;
}

/** The resources of the state by name, their secrets in plain text. */
async function readState(stack: Stack): Promise<Map<string, StateResource>> {
    const { text } = await stack.pulumi("stack", "export", "--show-secrets");
    const { deployment } = JSON.parse(text, (_, value: unknown) =>
        typeof value === "object" && value !== null && "plaintext" in value
            ? (JSON.parse(String(value.plaintext)) as unknown)
            : value,
    ) as { deployment: { resources?: StateResource[] } };
    return new Map((deployment.resources ?? []).map((one) => [one.urn.split("::").at(-1) ?? "", one]));
}

/** A property by its path, such as `tags.Name`. */
function propertyOf(value: unknown, path: string): unknown {
    return path
        .split(".")
        .reduce((inner: unknown, key) => (inner as Record<string, unknown> | undefined)?.[key], value);
}

function assertEffect(state: Map<string, StateResource>, setting: string, [name, path]: Effect, value: unknown): void {
    const found = state.get(name);
    const seen = propertyOf(found?.outputs, path) ?? propertyOf(found?.inputs, path);
    const what = `${setting}: ${name}.${path} is ${JSON.stringify(seen)}`;
    if (value instanceof RegExp) {
        assert.match(typeof seen === "string" ? seen : JSON.stringify({ seen }), value, what);
    } else {
        assert.equal(seen, value, what);
    }
}

/** The inputs of everything in the state by name, with names in place of ids and addresses, so that two states compare. */
function comparable(state: Map<string, StateResource>): object {
    const known = [...state].flatMap(([name, { id, outputs }]): [string, string][] =>
        // The owner of a connection has an id of its own from each first update.
        [
            id,
            ...["publicIp", "publicDns", ...(name.endsWith("-owner") ? ["output"] : [])].map((path) =>
                propertyOf(outputs, path),
            ),
        ]
            .filter((value) => typeof value === "string" && value.length > 6)
            .map((value) => [String(value), name]),
    );
    const text = (value: object): string =>
        known.reduce((all, [from, to]) => all.replaceAll(from, `ID OF ${to}`), JSON.stringify(value));
    const inputsOf = ({ inputs = {} }: StateResource): object =>
        // A probe's script has a mark of its own each time.
        "stdin" in inputs ? { ...inputs, stdin: "" } : inputs;
    return Object.fromEntries([...state].map(([name, one]) => [name, text(inputsOf(one))] as const));
}

describe("every setting", () => {
    const stack = new Stack();
    const file = "Pulumi.dev.yaml";
    const settingsBefore = new Map<Batch, string>();
    let isPeered = false;

    async function make(batch: Batch): Promise<void> {
        settingsBefore.set(batch, readFileSync(file, "utf8"));
        for (const [setting, { to }] of Object.entries(batch)) {
            if (to === undefined) {
                assert.equal((await stack.pulumi("config", "rm", "--path", setting)).code, 0);
            } else if (setting === "sshPrivateKey") {
                const { code, text } = await run("bash", ["-c", `pulumi config set --secret ${setting} < ${keyFile}`]);
                assert.equal(code, 0, text);
            } else {
                await stack.set({ [setting]: to });
            }
        }
        await assertUpdated(batch, ({ shows }) => shows[2]);
    }

    async function undo(batch: Batch): Promise<void> {
        writeFileSync(file, settingsBefore.get(batch) ?? "");
        await stack.set({ peering: String(isPeered) });
        await assertUpdated(batch, (one) => one.before);
    }

    async function turn(on: boolean): Promise<void> {
        isPeered = on;
        await stack.set({ peering: String(on) });
        await assertUpdated({}, () => undefined);
    }

    async function be(peered: boolean): Promise<void> {
        if (isPeered !== peered) {
            await turn(peered);
        }
    }

    /** Updates the stack. Each setting must show, nothing may be pending, and there are two VPCs with what belongs to them. */
    async function assertUpdated(batch: Batch, expected: (change: Change) => unknown): Promise<void> {
        await stack.updated();
        const state = await readState(stack);
        for (const [setting, one] of Object.entries(batch)) {
            if (isPeered || !one.ifPeered) {
                assertEffect(state, setting, one.shows, expected(one));
            }
        }
        assert.deepEqual(await stack.plan(), []);
        assert.deepEqual(await kinds(), standing);
    }

    const standing = { VPC: 2, subnet: 2, "internet gateway": 2, "network interface": 2, volume: 2, instance: 2 };

    /** How many resources there are of each kind of which each side has one, wherever it is. */
    async function kinds(): Promise<Record<string, number>> {
        const all = await Promise.all(places.map(({ region, account: owner }) => inventory(endpoint, region, owner)));
        const counts = Object.keys(standing).map((kind) => {
            const own = all.flat().filter((item) => item.startsWith(`${kind} `));
            return [kind, own.length] as const;
        });
        return Object.fromEntries(counts);
    }

    /** What stands must be what an update of an empty stack makes with the same settings. */
    async function assertAsFromNothing(): Promise<void> {
        const changed = await readState(stack);
        await stack.destroy();
        assert.deepEqual(Object.values(await kinds()), [0, 0, 0, 0, 0, 0]);
        await stack.updated();
        assert.deepEqual(comparable(changed), comparable(await readState(stack)));
    }

    before(async () => {
        const credentials = join(tmpdir(), "credentials");
        writeFileSync(credentials, "[peer]\naws_access_key_id = test\naws_secret_access_key = test\n");
        await stack.set({ "aws:sharedCredentialsFiles[0]": credentials });
        const ec2 = new EC2({ endpoint, region: home, credentials: credentialsOf() });
        for (const KeyName of ["mine", "other"]) {
            await ec2.importKeyPair({ KeyName, PublicKeyMaterial: Buffer.from(publicKey) });
        }
        await turn(false);
    });

    it("has a change here", () => {
        const documented = [...readFileSync("docs/settings.md", "utf8").matchAll(/^\| `([^`]+)` \|/gm)].map(
            ([, name = ""]) => name,
        );
        const all = [
            ...Object.values(batches),
            ...Object.values(peeringBatches),
            accepted(""),
            ...Object.values(moves),
        ];
        assert.deepEqual(["peering", ...new Set(all.flatMap((batch) => Object.keys(batch)))].sort(), documented.sort());
    });

    for (const [what, batch] of Object.entries(batches)) {
        it(`changes on the isolated stack: ${what}`, () => make(batch));
    }

    it("leaves the isolated stack as it would be from nothing", assertAsFromNothing);

    it("of the peering alone changes nothing of AWS's while there is none", async () => {
        const settings = readFileSync(file, "utf8");
        for (const own of [
            { extraPorts: '["tcp/443"]', requestsFrom: "requester", ingressFrom: "group", autoAccept: "true" },
            { manageAccepter: "false" },
            { manageRequester: "false", peeringConnectionId: "pcx-0123456789abcdef0", dnsResolution: "false" },
        ]) {
            await stack.set(own);
            const planned = await stack.plan().finally(() => {
                writeFileSync(file, settings);
            });
            assert.deepEqual(
                planned.filter((step) => !step.includes("pulumi:index:Stash")),
                [],
            );
        }
    });

    it("shows once the two are peered", async () => {
        await turn(true);
        const state = await readState(stack);
        for (const [setting, one] of Object.values(batches).flatMap((batch) => Object.entries(batch))) {
            if (one.ifPeered) {
                assertEffect(state, setting, one.shows, one.shows[2]);
            }
        }
    });

    for (const [what, batch] of Object.entries(batches).reverse()) {
        it(`is undone on the peered stack: ${what}`, () => undo(batch));
    }

    it("leaves the peered stack as it would be from nothing", assertAsFromNothing);

    for (const [what, batch] of Object.entries(peeringBatches)) {
        it(`changes on the peered stack: ${what}`, async () => {
            await be(true);
            await make(batch);
        });
        it(`is undone on the peered stack: ${what}`, () => undo(batch));
    }

    it("changes on the isolated stack: another requester", async () => {
        await be(false);
        const settings = readFileSync(file, "utf8");
        const state = await readState(stack);
        const [VpcId, PeerVpcId] = ["requester", "accepter"].map((side) => state.get(`lab-${side}-vpc`)?.id);
        const ec2 = new EC2({ endpoint, region: home, credentials: credentialsOf() });
        const { VpcPeeringConnection } = await ec2.createVpcPeeringConnection({ VpcId, PeerVpcId });
        const VpcPeeringConnectionId = VpcPeeringConnection?.VpcPeeringConnectionId ?? "";
        const batch = accepted(VpcPeeringConnectionId);
        isPeered = true;
        await stack.set({ peering: "true", check: "false" });
        await make(batch);
        isPeered = false;
        await undo(batch);
        // Its owner deletes it.
        await ec2.deleteVpcPeeringConnection({ VpcPeeringConnectionId });
        writeFileSync(file, settings);
        await turn(false);
    });

    const [first = {}, second = {}] = Object.values(moves);

    it("changes on the isolated stack: a region, and an account by a role", () => make(first));

    it("is undone on the peered stack: a region, and an account by a role", async () => {
        await turn(true);
        await undo(first);
    });

    it("changes on the peered stack: an account by a profile's role, and a region by a profile", () => make(second));

    it("is undone on the isolated stack: an account by a profile's role, and a region by a profile", async () => {
        await turn(false);
        await undo(second);
    });

    it("leaves nothing behind", async () => {
        await stack.destroy();
        assert.deepEqual(Object.values(await kinds()), [0, 0, 0, 0, 0, 0]);
    });
});
