import assert from "node:assert/strict";
import { home, makeVpc } from "./pages/vpcs.ts";
import { project, Stack } from "./pulumi.ts";

// What is known of quotas before anything is created, with the real engine. Runs inside a sandbox.

describe("Quotas", () => {
    it("are counted by lookUpVpc: the rules of a group, and the maximum entries of a prefix list", async () => {
        const { vpcId, groupId } = await makeVpc(home, "10.1.0.0/16");
        const list = { PrefixListName: "offices", AddressFamily: "IPv4", MaxEntries: 50 };
        const { PrefixList } = await home.createManagedPrefixList({ ...list, Entries: [{ Cidr: "10.9.0.0/16" }] });
        const PrefixListId = PrefixList?.PrefixListId ?? "";
        const web = { IpProtocol: "tcp", FromPort: 80, ToPort: 80 };
        await home.authorizeSecurityGroupIngress({
            GroupId: groupId,
            IpPermissions: [
                { ...web, IpRanges: [{ CidrIp: "10.8.0.0/16" }], PrefixListIds: [{ PrefixListId }] },
                { IpProtocol: "-1", UserIdGroupPairs: [{ GroupId: groupId }] },
            ],
        });
        const program = `
            import * as pulumi from "@pulumi/pulumi";
            import { lookUpVpc, VpcPeering } from "pulumi-vpc-peering";

            export = async () => {
                const config = new pulumi.Config();
                const securityGroups = { web: config.require("groupId") };
                const accepter = await lookUpVpc(config.require("vpcId"), { securityGroups });
                const requester = { vpcId: "vpc-0123456789abcdef0", cidrBlocks: ["10.2.0.0/16", "10.3.0.0/16"] };
                new VpcPeering("shop-stock", { requester, accepter, requestsFrom: "requester", ports: ["tcp/80"] });
                await pulumi.log.info(JSON.stringify(accepter.usage?.inboundRules));
            };
        `;
        const stack = await project("quotas", program, { vpcId, groupId });
        const { code, text } = await stack.pulumi("preview", "--json");
        assert.equal(code, 0, text);
        const { diagnostics } = JSON.parse(text.slice(text.indexOf("{"))) as {
            diagnostics: { message: string; severity: string }[];
        };
        const said = (kind: string) =>
            diagnostics.filter(({ severity }) => severity.startsWith(kind)).map(({ message }) => message);
        const [rules = ""] = said("info").flatMap((message) => /{.*}/.exec(message)?.[0] ?? []);
        assert.deepEqual(JSON.parse(rules), {
            web: { "tcp 80-80 10.8.0.0/16": 1, [`tcp 80-80 ${PrefixListId}`]: 50, [`all ${groupId}`]: 1 },
        });
        assert.match(
            said("warning").join("\n"),
            /the accepter's security group web has 54 rules for inbound traffic; AWS allows 60 by default/,
        );
    });

    it("of VPCs in a region are said by the lab's program, before it makes any", async () => {
        for (const block of ["10.5.0.0/16", "10.6.0.0/16"]) {
            await home.createVpc({ CidrBlock: block });
        }
        // AWS's own default VPC, the one of the test before, and these.
        const { Vpcs = [] } = await home.describeVpcs({});
        const { code, text } = await new Stack().pulumi("preview");
        assert.equal(code, 0, text);
        assert.match(
            text.replaceAll(/\s+/g, " "),
            new RegExp(
                `warning: There are ${Vpcs.length} VPCs in [a-z0-9-]+, and this makes 2 more; AWS allows 5 by default`,
            ),
        );
    });
});
