import { readFileSync } from "node:fs";
import type { Answered } from "../../api/gateway.ts";
import type { Question } from "./policies.ts";

// What AWS asks of a caller's policies for the calls that a sandbox has seen, as far as anybody outside of AWS can know it. It is
// AWS's documentation, read: no one here has seen AWS decide. It can't know
//
// - what else decides: organizations' policies, boundaries, sessions, a KMS key's policy, the trust of a role;
// - which keys AWS compares in fact. Each resource has those here that are documented for it: tags of the request are of
//   what is created, tags of resources are of what is there;
// - what AWS's provider of version 6 calls, where the sandbox has version 5: `policy.test.ts` lists what was read in its source.
//
// Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon EC2".

/** EC2's actions that change something: the types of the resources that are asked about, those that it creates with a plus. */
const changes: Readonly<Record<string, string>> = {
    AcceptVpcPeeringConnection: "vpc vpc-peering-connection",
    AssociateRouteTable: "route-table subnet",
    AssociateVpcCidrBlock: "vpc",
    AttachInternetGateway: "internet-gateway vpc",
    AuthorizeSecurityGroupEgress: "security-group +security-group-rule",
    AuthorizeSecurityGroupIngress: "security-group +security-group-rule",
    CreateInternetGateway: "+internet-gateway",
    CreateRoute: "route-table",
    CreateRouteTable: "+route-table vpc",
    CreateSecurityGroup: "+security-group vpc",
    CreateSubnet: "+subnet vpc",
    CreateVpc: "+vpc",
    CreateVpcPeeringConnection: "vpc +vpc-peering-connection",
    DeleteInternetGateway: "internet-gateway",
    DeleteKeyPair: "key-pair",
    DeleteRoute: "route-table",
    DeleteRouteTable: "route-table",
    DeleteSecurityGroup: "security-group",
    DeleteSubnet: "subnet",
    DeleteVpc: "vpc",
    DeleteVpcPeeringConnection: "vpc-peering-connection",
    DetachInternetGateway: "internet-gateway vpc",
    DisassociateRouteTable: "route-table subnet",
    DisassociateVpcCidrBlock: "vpc",
    ImportKeyPair: "key-pair",
    ModifyInstanceAttribute: "instance security-group",
    ModifySubnetAttribute: "subnet",
    ModifyVpcAttribute: "vpc",
    ModifyVpcPeeringConnectionOptions: "vpc-peering-connection",
    ReplaceRoute: "route-table",
    RevokeSecurityGroupEgress: "security-group security-group-rule",
    RevokeSecurityGroupIngress: "security-group security-group-rule",
    RunInstances: "image +instance key-pair +network-interface security-group subnet +volume",
    StartInstances: "instance",
    StopInstances: "instance",
    TerminateInstances: "instance",
};

/** The types of resources by the beginnings of their ids. */
const types: Readonly<Record<string, string>> = {
    ami: "image",
    eni: "network-interface",
    i: "instance",
    igw: "internet-gateway",
    pcx: "vpc-peering-connection",
    rtb: "route-table",
    sg: "security-group",
    sgr: "security-group-rule",
    subnet: "subnet",
    vol: "volume",
    vpc: "vpc",
    vpce: "vpc-endpoint",
};

/** Parameters that name resources which AWS does not ask about: the sources of rules, the targets of routes, the other VPC. */
const unasked = /^(IpPermissions\.|Filter\.|PeerVpcId$|VpcPeeringConnectionId$)/;

/** What is known of a resource, as its owner sees it. */
interface Known {
    readonly account: string;
    readonly region: string;
    readonly vpcId?: string | undefined;
    readonly tags: Record<string, string>;
}

/** A call's parameters, and who called. */
interface Seen {
    readonly action: string;
    readonly parameters: Readonly<Record<string, string>>;
    readonly account: string;
    readonly region: string;
}

/** A question, with the call that AWS asks it for. */
export interface Asked extends Question {
    readonly agent: string;
    readonly account: string;
}

/** Reads the calls that a sandbox has seen so far, and follows what they change. */
export class Questions {
    /** By account, region and id: both owners of a connection give it tags of their own. */
    readonly #known = new Map<string, Known>();

    readonly #accounts = new Map([["test", "123456789012"]]);

    /** The two VPCs of each connection, as ARNs. */
    readonly #peered = new Map<string, { readonly requester: string; readonly accepter: string }>();

    /** The VPCs of what was made with them. */
    readonly #inside = new Map<string, string>();

    /** The resources that an association stands for. */
    readonly #associated = new Map<string, string[]>();

    /** Tells of what a VPC has had since it was made, which no call has: its main route table. */
    learn(id: string, vpcId: string): void {
        this.#inside.set(id, vpcId);
    }

    /** What was asked for the calls of a log, in order. */
    read(log: string): Asked[] {
        const lines = readFileSync(log, "utf8").trim().split("\n");
        return lines.flatMap((line) => {
            const call = JSON.parse(line) as Answered;
            const account = this.#accounts.get(call.caller.accessKeyId) ?? "";
            const { region } = call.caller;
            const [service = "", action = ""] = call.actions[0]?.split(":") ?? [];
            const form = Object.fromEntries(new URLSearchParams(call.body)) as Record<string, string>;
            const seen = { action, parameters: form, account, region };
            const asked = service === "ec2" ? this.#ofEc2(seen) : [otherService(service, action, call.body, seen)];
            this.#follow(seen, call.answer);
            return asked.map((one) => ({ ...one, agent: call.agent, account }));
        });
    }

    #ofEc2(seen: Seen): Question[] {
        const { action, parameters, region } = seen;
        const context = { "aws:RequestedRegion": region };
        if (/^(Describe|Get)/.test(action)) {
            return [{ action: `ec2:${action}`, resource: "*", context }];
        }
        const isTagging = /^(Create|Delete)Tags$/.test(action);
        const asked = changes[action]?.split(" ") ?? (isTagging ? Object.values(types) : []);
        if (asked.length === 0) {
            throw new Error(`${action} is not in the list of what AWS asks about it; add it`);
        }
        const used = this.#used(seen).filter(({ type }) => asked.includes(type));
        const created = asked.filter((type) => type.startsWith("+")).map((type) => type.slice(1));
        const requestTags = isTagging ? prefixed("aws:RequestTag", tagsIn(parameters, "Tag.")) : {};
        return [
            ...used.map(({ arn, type, id }) => ({
                action: `ec2:${action}`,
                resource: arn,
                context: { ...context, ...requestTags, ...this.#keysOf(seen, type, id) },
            })),
            ...created.map((type) => ({
                action: `ec2:${action}`,
                resource: arnOf(seen, type, "*"),
                context: { ...context, ...this.#keysOfNew(seen, type) },
            })),
            ...[...specifications(parameters)].map(([type, tags]) => ({
                action: "ec2:CreateTags",
                resource: arnOf(seen, type, "*"),
                context: { ...context, ...prefixed("aws:RequestTag", tags), "ec2:CreateAction": action },
            })),
        ];
    }

    /** The resources that are there and that a call names. */
    #used(seen: Seen): { readonly arn: string; readonly type: string; readonly id: string }[] {
        const { action, parameters } = seen;
        const named = Object.entries(parameters).flatMap(([name, value]) => {
            const isAsked = !unasked.test(name) || (name === "VpcPeeringConnectionId" && !action.endsWith("Route"));
            return isAsked ? (this.#associated.get(value) ?? [value]) : [];
        });
        const accepted = action.startsWith("Accept") ? [this.#peered.get(named[0] ?? "")?.accepter ?? ""] : [];
        const ids = [...new Set([...named, ...accepted.map((arn) => arn.split("/")[1] ?? "")])];
        const resources = ids.flatMap((id) => {
            const type = types[/^([a-z]+)-[0-9a-f]+$/.exec(id)?.[1] ?? ""];
            return type === undefined ? [] : [{ arn: arnOf(seen, type, id), type, id }];
        });
        const { KeyName: key } = parameters;
        return key === undefined
            ? resources
            : [...resources, { arn: arnOf(seen, "key-pair", key), type: "key-pair", id: key }];
    }

    #keysOf(seen: Seen, type: string, id: string): Record<string, string> {
        const { vpcId = this.#inside.get(id), tags = {} } = this.#known.get(keyOf(seen, id)) ?? {};
        const peered = this.#peered.get(id);
        return {
            ...prefixed("aws:ResourceTag", tags),
            ...(vpcId !== undefined && { "ec2:Vpc": arnOf(seen, "vpc", vpcId) }),
            ...(peered && { "ec2:RequesterVpc": peered.requester, "ec2:AccepterVpc": peered.accepter }),
            // The program launches what AWS's public parameter names.
            ...(type === "image" && { "ec2:Owner": "amazon" }),
        };
    }

    #keysOfNew(seen: Seen, type: string): Record<string, string> {
        const { parameters } = seen;
        const peered = type === "vpc-peering-connection" ? peeredBy(seen) : undefined;
        const [, encrypted] = Object.entries(parameters).find(([name]) => name.endsWith(".Ebs.Encrypted")) ?? [];
        return {
            ...prefixed("aws:RequestTag", specifications(parameters).get(type) ?? {}),
            ...(peered && { "ec2:RequesterVpc": peered.requester, "ec2:AccepterVpc": peered.accepter }),
            ...(type === "volume" && encrypted !== undefined && { "ec2:Encrypted": encrypted }),
        };
    }

    /** Remembers what a call has changed. */
    #follow(seen: Seen, answer: string): void {
        const { action, parameters } = seen;
        const element = (name: string) => new RegExp(`<${name}>([^<]+)</${name}>`).exec(answer)?.[1];
        if (action === "AssumeRole") {
            const account = (parameters["RoleArn"] ?? "").split(":")[4] ?? "";
            this.#accounts.set(element("AccessKeyId") ?? "", account);
        }
        const created = (changes[action] ?? "").split(" ").filter((type) => type.startsWith("+"));
        for (const type of created.map((one) => one.slice(1))) {
            const [prefix = ""] = Object.entries(types).find(([, name]) => name === type) ?? [];
            // The answer names the VPC, too, in which something is made.
            for (const id of new Set(answer.match(new RegExp(`(?<=>)${prefix}-[0-9a-f]+(?=<)`, "g")))) {
                const vpcId = type === "vpc" ? undefined : parameters["VpcId"];
                const { account, region } = seen;
                this.#known.set(keyOf(seen, id), {
                    account,
                    region,
                    vpcId,
                    tags: specifications(parameters).get(type) ?? {},
                });
                if (type === "vpc-peering-connection") {
                    this.#peered.set(id, peeredBy(seen));
                }
            }
        }
        const association = element("associationId");
        if (association !== undefined) {
            const { RouteTableId, SubnetId, VpcId } = parameters;
            this.#associated.set(
                association,
                [RouteTableId, SubnetId, VpcId].flatMap((id) => id ?? []),
            );
        }
        if (/^(Create|Delete)Tags$/.test(action) && !/<Errors?>/.test(answer)) {
            const tags = tagsIn(parameters, "Tag.");
            for (const { id } of this.#used(seen)) {
                const known = this.#known.get(keyOf(seen, id)) ?? {
                    account: seen.account,
                    region: seen.region,
                    tags: {},
                };
                const kept = Object.entries(known.tags).filter(([key]) => action === "CreateTags" || !(key in tags));
                const all = action === "CreateTags" ? { ...known.tags, ...tags } : Object.fromEntries(kept);
                this.#known.set(keyOf(seen, id), { ...known, tags: all });
            }
        }
    }
}

/** What the other services are asked about. */
function otherService(service: string, action: string, body: string, { parameters, region }: Seen): Question {
    const resource =
        service === "ssm"
            ? `arn:aws:ssm:${region}::parameter${(JSON.parse(body) as { Name: string }).Name}`
            : (parameters["RoleArn"] ?? "*");
    return { action: `${service}:${action}`, resource, context: { "aws:RequestedRegion": region } };
}

/** The VPCs that a request is to connect. */
function peeredBy(seen: Seen) {
    const { VpcId = "", PeerVpcId = "", PeerOwnerId = seen.account, PeerRegion = seen.region } = seen.parameters;
    const there = { account: PeerOwnerId, region: PeerRegion };
    return { requester: arnOf(seen, "vpc", VpcId), accepter: arnOf(there, "vpc", PeerVpcId) };
}

function arnOf({ account, region }: Pick<Seen, "account" | "region">, type: string, id: string): string {
    return `arn:aws:ec2:${region}:${type === "image" ? "" : account}:${type}/${id}`;
}

function keyOf({ account, region }: Pick<Seen, "account" | "region">, id: string): string {
    return `${account} ${region} ${id}`;
}

/** The tags that a call gives to what it creates, by the type of resource. */
function specifications(parameters: Seen["parameters"]): Map<string, Record<string, string>> {
    const found = Object.entries(parameters).flatMap(([name, type]): [string, Record<string, string>][] => {
        const [, prefix] = /^(TagSpecification\.\d+\.)ResourceType$/.exec(name) ?? [];
        return prefix === undefined ? [] : [[type, tagsIn(parameters, `${prefix}Tag.`)]];
    });
    return new Map(found.filter(([, tags]) => Object.keys(tags).length > 0));
}

function tagsIn(parameters: Seen["parameters"], prefix: string): Record<string, string> {
    const keys = Object.entries(parameters).filter(([name]) => name.startsWith(prefix) && name.endsWith(".Key"));
    return Object.fromEntries(keys.map(([name, key]) => [key, parameters[name.replace(/Key$/, "Value")] ?? ""]));
}

function prefixed(prefix: string, tags: Readonly<Record<string, string>>): Record<string, string> {
    return Object.fromEntries(Object.entries(tags).map(([key, value]) => [`${prefix}/${key}`, value]));
}
