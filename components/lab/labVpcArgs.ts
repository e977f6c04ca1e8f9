import type * as pulumi from "@pulumi/pulumi";
import { checkAddressPlan, checkCidrList, type AddressPlan } from "../addresses/addressPlan";
import { checkTags, type Tags } from "../peering/tags";
import type { Problem } from "../problems";
import { namePattern, nameRule } from "./names";

/** The machine images that a server can have, each by its public SSM parameter. */
export const amiParameters = {
    al2023: "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
    al2: "/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-x86_64-gp2",
} as const;

/** `al2023` is Amazon Linux 2023; `al2` is Amazon Linux 2, whose support ended on 2026-06-30. */
export type AmiChoice = keyof typeof amiParameters;

/** What a lab VPC has when its arguments don't say otherwise. */
export const labVpcDefaults = { prefix: "lab", instanceType: "t3.micro", ami: "al2023", dnsHostnames: true } as const;

/** How a {@link LabVpc} is made. */
export interface LabVpcArgs extends AddressPlan {
    /**
     * The VPC's AWS region: `"us-east-1"`; that of its provider by default. Where it changes, the VPC and all in it are replaced. Source:
     * Pulumi's AWS provider, "Enhanced Region Support".
     */
    readonly region?: string | undefined;
    /** The account that its provider leads to, 12 digits, where that is declared: `"222222222222"`; not known by default. */
    readonly accountId?: string | undefined;
    /** Number of the VPC within its lab, for names, 1 or more: `1`. */
    readonly side: number;
    /** The VPC's own part of the names: `"Blue"`; by default `VPC` and the number. */
    readonly label?: string | undefined;
    /** First part of the names: `"test"`; `"lab"` by default. */
    readonly prefix?: string | undefined;
    /** Name of the EC2 key pair that opens SSH on the server: `"my-key-pair"`, or an output such as `key.keyName`. */
    readonly keyName: pulumi.Input<string>;
    /**
     * The server's instance type, of the x86_64 kind: `"t2.micro"`, the original lab's, which accounts on AWS's free plan can't
     * launch; `"t3.micro"` by default. A server keeps the default that it was made with, which was `"t2.micro"` once.
     */
    readonly instanceType?: string | undefined;
    /** The server's machine image: `"al2"`; `"al2023"` by default. */
    readonly ami?: AmiChoice | undefined;
    /** Blocks that may open SSH to the server: `["203.0.113.7/32"]`; none by default. */
    readonly sshCidrs?: readonly string[] | undefined;
    /** Blocks that may send ICMP to the server: `["10.42.0.0/16"]`; none by default. */
    readonly icmpCidrs?: readonly string[] | undefined;
    /** Whether the server gets a public DNS name, which names across a peering connection need too: `false`; true by default. */
    readonly dnsHostnames?: boolean | undefined;
    /** Tags for everything that takes tags, besides `Name`: `{ team: "network" }`; none by default. */
    readonly tags?: Tags | undefined;
}

/** Everything that is wrong with a lab VPC's arguments; empty when all is well. */
export function checkLabVpcArgs(args: LabVpcArgs): Problem[] {
    return [
        ...checkAddressPlan(args),
        ...(["sshCidrs", "icmpCidrs"] as const).flatMap((path) => checkCidrList(path, args[path] ?? [])),
        ...(["prefix", "label"] as const).flatMap((path) => {
            const value = args[path];
            return value === undefined || namePattern.test(value) ? [] : [{ path, value, message: nameRule }];
        }),
        ...checkGroupName(args),
        ...checkTags("tags", args.tags),
    ];
}

/** The security group's name begins with the prefix. Source: Amazon EC2 API Reference, "CreateSecurityGroup" (GroupName). */
function checkGroupName({ prefix }: LabVpcArgs): Problem[] {
    const message = "begins with sg-, as no name of a security group may on AWS; choose another prefix";
    return prefix?.startsWith("sg-") ? [{ path: "prefix", value: prefix, message }] : [];
}
