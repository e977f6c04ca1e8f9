import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { allows, list, statementsOf, type Question, type Statement } from "./world/policies.ts";

// What the policies of the pages allow and what not, on resources that a sandbox does not have. inside/policy.test.ts asks the same of
// what the programs call. Values of every key that AWS may compare are given, also those of the request where only the resource's
// are documented: whatever AWS decides by, these calls are refused.

/** The policies of a page, in order. */
function policiesOf(page: string): Statement[][] {
    const blocks = readFileSync(page, "utf8").matchAll(/```json\n(.+?)```/gs);
    return [...blocks].map(([, text = ""]) => [...statementsOf(text)]);
}

const lab = statementsOf(readFileSync("docs/iam-policy.json", "utf8"));
const [key = [], defaultTags = []] = policiesOf("docs/permissions.md");
const [requesters = [], accepters = []] = policiesOf("docs/package/permissions.md");
const account = "arn:aws:ec2:ap-northeast-2:111111111111";

function ask(action: string, resource: string, context: Question["context"] = {}): Question {
    const [, , , region = ""] = resource.split(":");
    return { action, resource, context: { "aws:RequestedRegion": region, ...context } };
}

const ours = { "aws:ResourceTag/Name": "ljhVPCPeering-1" };
const theirs = { "aws:ResourceTag/Name": "production" };
/** Tags that are asked for with the call. */
const claims = { "aws:RequestTag/Name": "ljhVPCPeering-1" };
const guardDuty = { "aws:ResourceTag/GuardDutyManaged": "true" };

describe("docs/iam-policy.json", () => {
    const allowed: Readonly<Record<string, Question>> = {
        "a rule in a group of the lab": ask(
            "ec2:AuthorizeSecurityGroupIngress",
            `${account}:security-group/sg-1`,
            ours,
        ),
        "a new rule with the lab's name": ask(
            "ec2:AuthorizeSecurityGroupIngress",
            `${account}:security-group-rule/*`,
            claims,
        ),
        "a VPC in the accepter's region": ask("ec2:CreateVpc", "arn:aws:ec2:us-east-1:111111111111:vpc/*", claims),
        "a subnet of the lab leaving GuardDuty's endpoint": ask("ec2:ModifyVpcEndpoint", `${account}:subnet/s-1`, ours),
        "GuardDuty's endpoint": ask("ec2:DeleteVpcEndpoints", `${account}:vpc-endpoint/vpce-1`, guardDuty),
        "GuardDuty's group": ask("ec2:DeleteSecurityGroup", `${account}:security-group/sg-1`, guardDuty),
        "a prefix list of AWS": ask("ec2:GetManagedPrefixListEntries", "*"),
    };
    for (const [what, question] of Object.entries(allowed)) {
        it(`allows ${question.action}: ${what}`, () => {
            assert.ok(allows(lab, question));
        });
    }

    it("allows the same in every partition", () => {
        for (const partition of ["aws-cn", "aws-us-gov"]) {
            const vpc = ask("ec2:DeleteVpc", `arn:${partition}:ec2:any:111111111111:vpc/vpc-1`, ours);
            assert.ok(allows(lab, vpc), partition);
        }
    });

    const foreign: readonly [action: string, type: string][] = [
        ["AuthorizeSecurityGroupIngress", "security-group"],
        ["AuthorizeSecurityGroupEgress", "security-group"],
        ["RevokeSecurityGroupIngress", "security-group"],
        ["RunInstances", "subnet"],
        ["RunInstances", "security-group"],
        ["CreateSubnet", "vpc"],
        ["CreateRouteTable", "vpc"],
        ["CreateSecurityGroup", "vpc"],
        ["CreateVpcPeeringConnection", "vpc"],
        ["AcceptVpcPeeringConnection", "vpc"],
        ["DeleteVpcPeeringConnection", "vpc-peering-connection"],
        ["CreateRoute", "route-table"],
        ["DeleteRoute", "route-table"],
        ["DeleteVpc", "vpc"],
        ["DeleteSecurityGroup", "security-group"],
        ["DeleteVpcEndpoints", "vpc-endpoint"],
        ["ModifyVpcEndpoint", "vpc-endpoint"],
        ["ModifyVpcEndpoint", "subnet"],
        ["TerminateInstances", "instance"],
        ["CreateTags", "vpc"],
        ["DeleteTags", "volume"],
        ["DeleteKeyPair", "key-pair"],
        ["CreateNatGateway", "natgateway"],
    ];
    for (const [action, type] of foreign) {
        it(`refuses ${action} of a ${type} that is not the lab's, whatever tags the call has`, () => {
            assert.ok(!allows(lab, ask(`ec2:${action}`, `${account}:${type}/x`, { ...theirs, ...claims })));
            assert.ok(!allows(lab, ask(`ec2:${action}`, `${account}:${type}/x`, claims)));
        });
    }

    it("refuses servers with volumes that are not encrypted, and images of others", () => {
        assert.ok(
            !allows(lab, ask("ec2:RunInstances", `${account}:volume/*`, { ...claims, "ec2:Encrypted": "false" })),
        );
        const image = "arn:aws:ec2:ap-northeast-2::image/ami-1";
        assert.ok(!allows(lab, ask("ec2:RunInstances", image, { ...claims, "ec2:Owner": "444444444444" })));
    });

    it("refuses to create anything in another region", () => {
        for (const type of ["vpc", "subnet", "security-group", "instance"]) {
            const arn = `arn:aws:ec2:sa-east-1:111111111111:${type}/*`;
            for (const action of ["CreateVpc", "CreateSubnet", "CreateSecurityGroup", "RunInstances"]) {
                assert.ok(!allows(lab, ask(`ec2:${action}`, arn, claims)), `${action} ${arn}`);
            }
        }
    });
});

describe("docs/permissions.md", () => {
    const arn = "arn:aws:kms:ap-northeast-2:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    const viaEc2 = { "kms:ViaService": "ec2.ap-northeast-2.amazonaws.com" };

    it("lends a key to AWS's services only, and through EC2 only", () => {
        const forAws = { "kms:GrantIsForAWSResource": "true" };
        assert.ok(allows(key, ask("kms:CreateGrant", arn, { ...viaEc2, ...forAws })));
        assert.ok(!allows(key, ask("kms:CreateGrant", arn, { ...viaEc2, "kms:GrantIsForAWSResource": "false" })));
        assert.ok(!allows(key, ask("kms:CreateGrant", arn, forAws)));
        for (const action of [
            "Decrypt",
            "DescribeKey",
            "GenerateDataKeyWithoutPlaintext",
            "ReEncryptFrom",
            "ReEncryptTo",
        ]) {
            assert.ok(allows(key, ask(`kms:${action}`, arn, viaEc2)), action);
            assert.ok(!allows(key, ask(`kms:${action}`, arn)), action);
        }
    });

    it("changes tags of volumes with the stack's default tag only", () => {
        const volume = `${account}:volume/vol-1`;
        assert.ok(allows(defaultTags, ask("ec2:CreateTags", volume, { "aws:ResourceTag/project": "vpc-peering-lab" })));
        assert.ok(!allows(defaultTags, ask("ec2:CreateTags", volume, { "aws:RequestTag/project": "vpc-peering-lab" })));
    });
});

describe("docs/package/permissions.md", () => {
    const own = `${account}:vpc/vpc-0123456789abcdef0`;
    const other = "arn:aws:ec2:ap-northeast-2:222222222222:vpc/vpc-0fedcba9876543210";
    const pcx = `${account}:vpc-peering-connection/*`;
    const named = { "aws:RequestTag/Name": "supplier" };

    it("connects the two VPCs, and no other one", () => {
        const pair = { "ec2:RequesterVpc": own, "ec2:AccepterVpc": other };
        const wrong = { ...pair, "ec2:AccepterVpc": other.replace("vpc-0f", "vpc-1f") };
        for (const [half, verb] of [
            [requesters, "Create"],
            [accepters, "Accept"],
        ] as const) {
            assert.ok(allows(half, ask(`ec2:${verb}VpcPeeringConnection`, pcx, { ...pair, ...named })));
            assert.ok(!allows(half, ask(`ec2:${verb}VpcPeeringConnection`, pcx, { ...wrong, ...named })));
            assert.ok(!allows(half, ask(`ec2:${verb}VpcPeeringConnection`, `${account}:vpc/vpc-1`, named)));
        }
        assert.ok(!allows(requesters, ask("ec2:AcceptVpcPeeringConnection", pcx, pair)));
        assert.ok(!allows(accepters, ask("ec2:CreateVpcPeeringConnection", pcx, pair)));
    });

    it("routes and opens ports in the own VPC only", () => {
        for (const [half, inside, outside] of [
            [requesters, own, other],
            [accepters, other, own],
        ] as const) {
            for (const [action, type] of [
                ["CreateRoute", "route-table"],
                ["DeleteRoute", "route-table"],
                ["AuthorizeSecurityGroupIngress", "security-group"],
                ["RevokeSecurityGroupIngress", "security-group"],
            ] as const) {
                const arn = `${account}:${type}/x`;
                assert.ok(allows(half, ask(`ec2:${action}`, arn, { "ec2:Vpc": inside })), action);
                assert.ok(!allows(half, ask(`ec2:${action}`, arn, { ...named, "ec2:Vpc": outside })), action);
            }
        }
    });
});

describe("every policy", () => {
    const all = { lab, key, defaultTags, requesters, accepters };
    for (const [name, statements] of Object.entries(all)) {
        it(`fits into a managed policy, and names each statement once: ${name}`, () => {
            assert.equal(new Set(statements.map(({ Sid }) => Sid)).size, statements.length);
            assert.ok(statements.length > 0);
            // Source: IAM User Guide, "IAM and AWS STS quotas": white space does not count.
            const text = JSON.stringify({ Version: "2012-10-17", Statement: statements });
            assert.ok(text.length <= 6144, `${text.length} characters`);
            for (const { Sid, Action } of statements) {
                assert.deepEqual([...list(Action)], [...list(Action)].sort(), Sid);
            }
        });
    }
});

describe("The oracle", () => {
    const statement = { Sid: "One", Effect: "Allow", Action: "ec2:*", Resource: "*" };
    for (const [what, changed] of Object.entries({
        "a refusal": { Effect: "Deny" },
        "all actions but some": { NotAction: "ec2:X" },
        "an operator that it does not know": { Condition: { StringNotEquals: { a: "b" } } },
    })) {
        it(`does not judge a policy with ${what}`, () => {
            const policy = JSON.stringify({ Version: "2012-10-17", Statement: [{ ...statement, ...changed }] });
            assert.throws(() => statementsOf(policy), /One has .+ which this oracle can't judge/);
        });
    }
});
