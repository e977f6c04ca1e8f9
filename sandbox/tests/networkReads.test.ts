import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { Places } from "../network/described/places.ts";

// Which calls the network makes after a change: a call costs milliseconds, and more in a large account.
describe("Reads of the EC2 API", () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
        void text(request).then((body) => {
            const action = new URLSearchParams(body).get("Action") ?? "";
            asked.push(action);
            // An account without resources, whose ID is the caller's access key.
            const [, key = ""] = /Credential=(\w+)/.exec(request.headers.authorization ?? "") ?? [];
            response.end(`<${action}Response><Account>${key}</Account></${action}Response>`);
        });
    });
    let places: Places;
    const one = { accessKeyId: "one", region: "eu-west-1" };
    const other = { accessKeyId: "other", region: "eu-west-1" };

    before(async () => {
        await once(server.listen(0, "127.0.0.1"), "listening");
        places = new Places(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
        for (const caller of [one, other]) {
            await places.changedBy(caller, "CreateVpc", {});
        }
        await places.read();
    });

    after(() => {
        server.close();
        server.closeAllConnections();
    });

    /** Those of both places, because a change by one side also affects the other. */
    const connections = Array<string>(2).fill("DescribeVpcPeeringConnections");
    const everything = [
        ...[
            "DescribeFlowLogs",
            "DescribeInstances",
            "DescribeInternetGateways",
            "DescribeNetworkAcls",
            "DescribeRouteTables",
        ],
        ...["DescribeSecurityGroups", "DescribeSubnets", "DescribeVpcs"],
    ];
    const cases: readonly [what: string, actions: readonly string[], reads: readonly string[]][] = [
        [
            "routes and route tables",
            ["CreateRoute", "ReplaceRouteTableAssociation", "AssociateRouteTable"],
            ["DescribeRouteTables"],
        ],
        [
            "security groups",
            ["AuthorizeSecurityGroupIngress", "RevokeSecurityGroupEgress", "ModifySecurityGroupRules"],
            ["DescribeSecurityGroups"],
        ],
        [
            "network ACLs",
            ["CreateNetworkAcl", "DeleteNetworkAclEntry", "ReplaceNetworkAclAssociation"],
            ["DescribeNetworkAcls"],
        ],
        ["flow logs", ["CreateFlowLogs", "DeleteFlowLogs"], ["DescribeFlowLogs"]],
        ["internet gateways", ["AttachInternetGateway"], ["DescribeInternetGateways"]],
        // No rule and no route references one.
        ["prefix lists", ["ModifyManagedPrefixList"], []],
        ["peering connections", ["AcceptVpcPeeringConnection", "ModifyVpcPeeringConnectionOptions"], connections],
        ["instances", ["RunInstances", "ModifyVpcAttribute"], ["DescribeInstances"]],
        ["subnets", ["CreateSubnet"], ["DescribeNetworkAcls", "DescribeSubnets"]],
        ["subnets", ["DeleteSubnet"], ["DescribeNetworkAcls", "DescribeRouteTables", "DescribeSubnets"]],
        [
            "VPCs",
            ["CreateVpc", "AssociateVpcCidrBlock"],
            ["DescribeNetworkAcls", "DescribeRouteTables", "DescribeSecurityGroups", "DescribeVpcs"],
        ],
        ["anything else", ["UpdateStack", ""], [...everything, ...connections]],
    ];
    for (const [what, actions, reads] of cases) {
        it(`include only what may have changed after a change of ${what}: ${actions.join(", ")}`, async () => {
            for (const action of actions) {
                await places.changedBy(one, action, {});
                asked.length = 0;
                await places.read();
                assert.deepEqual([...asked].sort(), [...reads].sort(), action);
            }
        });
    }
});
