import { EC2, type VpcAttributeName } from "@aws-sdk/client-ec2";
import type { Caller } from "./gateway.ts";

/** What the API behind the gateway has for a caller: each is asked for once at most, however many rules need it. */
export class View {
    readonly caller: Caller;
    readonly #ec2: EC2;
    readonly #elsewhere: (account: string, region: string) => Promise<View>;
    readonly #asked = new Map<string, Promise<unknown>>();

    constructor(caller: Caller, ec2: EC2, elsewhere: (account: string, region: string) => Promise<View>) {
        this.caller = caller;
        this.#ec2 = ec2;
        this.#elsewhere = elsewhere;
    }

    readonly vpcs = () => this.#once("vpcs", async () => (await this.#ec2.describeVpcs({})).Vpcs ?? []);

    readonly subnets = () => this.#once("subnets", async () => (await this.#ec2.describeSubnets({})).Subnets ?? []);

    readonly interfaces = () =>
        this.#once("interfaces", async () => (await this.#ec2.describeNetworkInterfaces({})).NetworkInterfaces ?? []);

    readonly groups = () =>
        this.#once("groups", async () => (await this.#ec2.describeSecurityGroups({})).SecurityGroups ?? []);

    readonly routeTables = () =>
        this.#once("tables", async () => (await this.#ec2.describeRouteTables({})).RouteTables ?? []);

    readonly internetGateways = () =>
        this.#once("gateways", async () => (await this.#ec2.describeInternetGateways({})).InternetGateways ?? []);

    readonly natGateways = () =>
        this.#once("nats", async () => (await this.#ec2.describeNatGateways({})).NatGateways ?? []);

    readonly peerings = () =>
        this.#once("peerings", async () => {
            const { VpcPeeringConnections = [] } = await this.#ec2.describeVpcPeeringConnections({});
            return VpcPeeringConnections;
        });

    readonly keyNames = () =>
        this.#once("keys", async () => {
            const { KeyPairs = [] } = await this.#ec2.describeKeyPairs({});
            return KeyPairs.map(({ KeyName }) => KeyName);
        });

    async hasImage(id: string): Promise<boolean> {
        const { Images = [] } = await this.#ec2.describeImages({ Filters: [{ Name: "image-id", Values: [id] }] });
        return Images.length > 0;
    }

    /** Whether a VPC resolves names and gives its servers public ones, both of which DNS across a peering needs. */
    async hasDns(vpcId: string): Promise<boolean> {
        const ask = (Attribute: VpcAttributeName) => this.#ec2.describeVpcAttribute({ VpcId: vpcId, Attribute });
        const [support, hostnames] = await Promise.all([ask("enableDnsSupport"), ask("enableDnsHostnames")]);
        return Boolean(support.EnableDnsSupport?.Value && hostnames.EnableDnsHostnames?.Value);
    }

    async reject(peeringId: string): Promise<void> {
        await this.#ec2.rejectVpcPeeringConnection({ VpcPeeringConnectionId: peeringId });
    }

    /** What another account or region has. */
    elsewhere(account: string, region: string): Promise<View> {
        return this.#elsewhere(account, region);
    }

    #once<T>(what: string, ask: () => Promise<T>): Promise<T> {
        const asked = (this.#asked.get(what) as Promise<T> | undefined) ?? ask();
        this.#asked.set(what, asked);
        return asked;
    }
}

/** The API behind the gateway. It does not verify signatures, so that anybody's access key is enough to see what he has. */
export class Upstream {
    readonly endpoint: string;
    readonly #clients = new Map<string, EC2>();
    readonly #keys = new Map<string, Promise<string>>();

    constructor(endpoint: string) {
        this.endpoint = endpoint;
    }

    view(caller: Caller): View {
        const { accessKeyId, region } = caller;
        const name = `${accessKeyId} ${region}`;
        // Never asked twice: what an API can't tell, it has to refuse by itself.
        const client =
            this.#clients.get(name) ??
            new EC2({
                endpoint: this.endpoint,
                region,
                credentials: { accessKeyId, secretAccessKey: "any" },
                maxAttempts: 1,
            });
        this.#clients.set(name, client);
        return new View(caller, client, async (account, region) =>
            this.view({ accessKeyId: await this.#keyOf(account, region), region }),
        );
    }

    stop(): void {
        for (const client of this.#clients.values()) {
            client.destroy();
        }
    }

    /** An access key of another account's. */
    #keyOf(account: string, region: string): Promise<string> {
        const key = this.#keys.get(account) ?? this.#assume(account, region);
        this.#keys.set(account, key);
        key.catch(() => this.#keys.delete(account));
        return key;
    }

    async #assume(account: string, region: string): Promise<string> {
        const answer = await fetch(this.endpoint, {
            method: "POST",
            headers: {
                authorization: `AWS4-HMAC-SHA256 Credential=any/20260101/${region}/sts/aws4_request, SignedHeaders=host, Signature=any`,
            },
            body: new URLSearchParams({
                Action: "AssumeRole",
                Version: "2011-06-15",
                RoleArn: `arn:aws:iam::${account}:role/gateway`,
                RoleSessionName: "gateway",
            }),
        });
        const key = /<AccessKeyId>(.+?)<\/AccessKeyId>/.exec(await answer.text())?.[1];
        if (key === undefined) {
            throw new Error(`${this.endpoint} gives no access to account ${account}`);
        }
        return key;
    }
}
