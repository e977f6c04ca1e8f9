/** Names that `@pulumi/aws` gives differently from Terraform. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
    peeringConnectionOptions: "vpcPeeringConnectionOptions",
    getElasticIp: "getEip",
};

/** Property names that differ, by the bridge's token and then by their names in `@pulumi/aws`. */
const RENAMED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    "aws:index/securityGroup:SecurityGroup": { ingress: "ingresses", egress: "egresses" },
    "aws:index/defaultSecurityGroup:DefaultSecurityGroup": { ingress: "ingresses", egress: "egresses" },
    "aws:index/getRegion:getRegion": { region: "name" },
};

/**
 * The bridge's token for a token of `@pulumi/aws`: `aws:ec2/vpc:Vpc` is `aws:index/vpc:Vpc` there. Terraform's names begin with
 * the service (`aws_ssm_parameter`), except those of EC2. Tokens without a module, such as the provider's, stay.
 */
export function bridgeToken(token: string): string {
    const parts = /^aws:(\w+)\/(get)?(\w+):/.exec(token);
    if (!parts) {
        return token;
    }
    const [, module = "", get = "", short = ""] = parts;
    const service = module === "ec2" || module === "index" ? "" : module;
    const plain = uncapitalized(get + capitalized(service + (service ? capitalized(short) : short)));
    const name = EXCEPTIONS[plain] ?? plain;
    return `aws:index/${name}:${get ? name : capitalized(name)}`;
}

/** The URN with the bridge's token as its last type; parents' types and the names stay. */
export function bridgeUrn(urn: string): string {
    const [stack, project, types, ...name] = urn.split("::");
    if (types === undefined) {
        return urn;
    }
    const path = types.split("$");
    path.push(bridgeToken(path.pop() ?? ""));
    return [stack, project, path.join("$"), ...name].join("::");
}

/** The bridge's names of the properties that differ, by their names in `@pulumi/aws`, for a token of the bridge. */
export function renamedProperties(token: string): Readonly<Record<string, string>> {
    return RENAMED[token] ?? {};
}

/** The token of the resource that a URN names. */
export function tokenOf(urn: string): string {
    return urn.split("::")[2]?.split("$").pop() ?? "";
}

function capitalized(text: string): string {
    return text.charAt(0).toUpperCase() + text.slice(1);
}

function uncapitalized(text: string): string {
    return text.charAt(0).toLowerCase() + text.slice(1);
}
