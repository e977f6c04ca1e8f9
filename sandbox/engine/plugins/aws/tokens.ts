/** Terraform names that do not follow from the names in `@pulumi/aws`. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
    peeringConnectionOptions: "vpcPeeringConnectionOptions",
    getElasticIp: "getEip",
    getInstanceTypeOfferings: "getEc2InstanceTypeOfferings",
    getManagedPrefixList: "getEc2ManagedPrefixList",
};

/** The bridge's property names where they differ, by the bridge's token and the name in `@pulumi/aws`. */
export const RENAMED_PROPERTIES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    "aws:index/securityGroup:SecurityGroup": { ingress: "ingresses", egress: "egresses" },
    "aws:index/defaultSecurityGroup:DefaultSecurityGroup": { ingress: "ingresses", egress: "egresses" },
    "aws:index/getRegion:getRegion": { region: "name" },
};

/**
 * The bridge's token for a token of `@pulumi/aws`: `aws:ec2/vpc:Vpc` is `aws:index/vpc:Vpc` there. Terraform's names begin with
 * the service (`aws_ssm_parameter`), except those of EC2. Tokens without a module, such as the provider's, are unchanged.
 */
export function bridgeToken(token: string): string {
    const parts = /^aws:(\w+)\/(get)?(\w+):/.exec(token);
    if (!parts) {
        return token;
    }
    const [, module = "", get = "", short = ""] = parts;
    const service = module === "ec2" || module === "index" ? "" : module;
    const full = service ? service + capitalized(short) : short;
    const plain = get ? get + capitalized(full) : full;
    const name = EXCEPTIONS[plain] ?? plain;
    return `aws:index/${name}:${get ? name : capitalized(name)}`;
}

/** The URN with the bridge's token as its type; parents' types and the name are unchanged. */
export function bridgeUrn(urn: string): string {
    const [stack, project, types, ...name] = urn.split("::");
    if (types === undefined) {
        return urn;
    }
    const path = types.split("$");
    path.push(bridgeToken(path.pop() ?? ""));
    return [stack, project, path.join("$"), ...name].join("::");
}

function capitalized(text: string): string {
    return text.charAt(0).toUpperCase() + text.slice(1);
}
