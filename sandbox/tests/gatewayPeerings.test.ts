import assert from "node:assert/strict";
import type { EC2 } from "@aws-sdk/client-ec2";
import { GatewayLab, otherAccount, otherRegion, refuses } from "./world/gatewayLab.ts";
import { region } from "./world/world.ts";

// Calls on peering connections that AWS refuses, with the error code from the cited page, and calls that it allows.
describe("Gateway, peering connections", () => {
    const lab = GatewayLab.ofSuite();

    // VPC Peering Guide, "VPC peering limitations" and "VPC peering connection lifecycle".
    describe("a peering connection", () => {
        const failures: Record<
            string,
            () => Promise<{ one: string; other: string; PeerRegion?: string; PeerOwnerId?: string }>
        > = {
            "with itself": async () => {
                const { id } = await lab.makeVpc();
                return { one: id, other: id };
            },
            "with the same block": async () => {
                const one = await lab.makeVpc();
                return { one: one.id, other: (await lab.makeVpc(lab.api, one.block)).id };
            },
            "with a second block inside one of the other's": async () => {
                const [one, other] = [await lab.makeVpc(), await lab.makeVpc()];
                await lab.api.associateVpcCidrBlock({
                    VpcId: other.id,
                    CidrBlock: one.block.replace("0.0/16", "7.0/24"),
                });
                return { one: one.id, other: other.id };
            },
            "with the same block in another region": async () => {
                const one = await lab.makeVpc();
                return { one: one.id, other: (await lab.makeVpc(lab.abroad, one.block)).id, PeerRegion: otherRegion };
            },
            "with the same block in another account": async () => {
                const one = await lab.makeVpc();
                return {
                    one: one.id,
                    other: (await lab.makeVpc(lab.stranger, one.block)).id,
                    PeerOwnerId: otherAccount,
                };
            },
            "with a VPC that does not exist": async () => ({ one: (await lab.makeVpc()).id, other: "vpc-12345678" }),
            "with a VPC of a different account than the request names": async () => {
                const other = await lab.makeVpc();
                return { one: (await lab.makeVpc()).id, other: other.id, PeerOwnerId: otherAccount };
            },
        };
        for (const [what, make] of Object.entries(failures)) {
            it(`fails ${what}, and stays failed`, async () => {
                const { one, other, ...more } = await make();
                const VpcPeeringConnectionId = await lab.request(one, other, more);
                const ids = { VpcPeeringConnectionIds: [VpcPeeringConnectionId] };
                const { VpcPeeringConnections } = await lab.api.describeVpcPeeringConnections(ids);
                const [{ Status, RequesterVpcInfo, AccepterVpcInfo } = {}] = VpcPeeringConnections ?? [];
                assert.deepEqual(Status, {
                    Code: "failed",
                    Message: "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range",
                });
                assert.deepEqual(
                    [
                        RequesterVpcInfo?.VpcId,
                        AccepterVpcInfo?.VpcId,
                        AccepterVpcInfo?.Region,
                        AccepterVpcInfo?.OwnerId,
                    ],
                    [one, other, more.PeerRegion ?? region, more.PeerOwnerId ?? RequesterVpcInfo?.OwnerId],
                );
                const accept = lab.api.acceptVpcPeeringConnection({ VpcPeeringConnectionId });
                await refuses(accept, "InvalidStateTransition", /pcx-/);
                // Amazon EC2 API Reference, "DeleteVpcPeeringConnection".
                const remove = lab.api.deleteVpcPeeringConnection({ VpcPeeringConnectionId });
                await refuses(remove, "InvalidStateTransition", /from failed to deleting/);
                assert.equal(await lab.statusOf(VpcPeeringConnectionId), "failed");
                for (const side of [lab.abroad, lab.stranger]) {
                    assert.equal(await lab.statusOf(VpcPeeringConnectionId, side), undefined);
                }
            });
        }

        it("is the existing one if it is requested again", async () => {
            const [one, other] = [await lab.makeVpc(), await lab.makeVpc()];
            const id = await lab.request(one.id, other.id);
            assert.equal(await lab.request(one.id, other.id), id);
            await lab.api.acceptVpcPeeringConnection({ VpcPeeringConnectionId: id });
            assert.equal(await lab.request(one.id, other.id), id);
            await lab.api.deleteVpcPeeringConnection({ VpcPeeringConnectionId: id });
            assert.notEqual(await lab.request(one.id, other.id), id);
        });

        it("is one and the same if it is requested twice at the same moment", async () => {
            const [one, other] = [await lab.makeVpc(), await lab.makeVpc()];
            const [first, second] = await Promise.all([1, 2].map(() => lab.request(one.id, other.id)));
            assert.equal(first, second);
        });

        it("is not accepted if the VPCs already have one in the opposite direction", async () => {
            const [one, other] = [await lab.makeVpc(), await lab.makeVpc()];
            const VpcPeeringConnectionId = await lab.request(other.id, one.id);
            const first = await lab.peer(one.id, other.id);
            const accept = () => lab.api.acceptVpcPeeringConnection({ VpcPeeringConnectionId });
            await refuses(accept(), "VpcPeeringConnectionAlreadyExists", new RegExp(VpcPeeringConnectionId));
            await lab.api.deleteVpcPeeringConnection({ VpcPeeringConnectionId: first });
            await accept();
            assert.equal(await lab.statusOf(VpcPeeringConnectionId), "active");
        });

        // Amazon EC2 API Reference, "AcceptVpcPeeringConnection".
        it("is accepted only once, by the accepter's owner in the accepter's region", async () => {
            const one = await lab.makeVpc();
            const far = await lab.request(one.id, (await lab.makeVpc(lab.abroad)).id, { PeerRegion: otherRegion });
            const strange = await lab.request(one.id, (await lab.makeVpc(lab.stranger)).id, {
                PeerOwnerId: otherAccount,
            });
            for (const [VpcPeeringConnectionId, owner] of [
                [far, lab.abroad],
                [strange, lab.stranger],
            ] as const) {
                const accept = (on: EC2) => on.acceptVpcPeeringConnection({ VpcPeeringConnectionId });
                await refuses(accept(lab.api), "OperationNotPermitted", new RegExp(VpcPeeringConnectionId));
                await accept(owner);
                await refuses(accept(owner), "InvalidStateTransition", new RegExp(VpcPeeringConnectionId));
            }
        });

        it("expires if it is not accepted within seven days, also in another account", async () => {
            const [one, other, foreign] = [await lab.makeVpc(), await lab.makeVpc(), await lab.makeVpc(lab.stranger)];
            const VpcPeeringConnectionId = await lab.request(one.id, other.id);
            const theirs = await lab.request(one.id, foreign.id, { PeerOwnerId: otherAccount });
            const active = await lab.peer(other.id, (await lab.makeVpc()).id);
            await lab.wait(6.9);
            assert.equal(await lab.statusOf(VpcPeeringConnectionId), "pending-acceptance");
            await lab.wait(0.2);
            const accept = lab.api.acceptVpcPeeringConnection({ VpcPeeringConnectionId });
            await refuses(accept, "InvalidStateTransition", /pcx-/);
            assert.deepEqual(
                await Promise.all([
                    lab.statusOf(VpcPeeringConnectionId),
                    lab.statusOf(theirs),
                    lab.statusOf(theirs, lab.stranger),
                    lab.statusOf(active),
                ]),
                ["expired", "expired", "expired", "active"],
            );
            assert.notEqual(await lab.request(one.id, other.id), VpcPeeringConnectionId);
            await lab.wait(-7.1);
        });

        // Amazon EC2 API Reference, "DeleteVpcPeeringConnection".
        it("can't be deleted after it is rejected", async () => {
            const [one, other] = [await lab.makeVpc(), await lab.makeVpc()];
            const VpcPeeringConnectionId = await lab.request(one.id, other.id);
            await lab.api.rejectVpcPeeringConnection({ VpcPeeringConnectionId });
            const remove = lab.api.deleteVpcPeeringConnection({ VpcPeeringConnectionId });
            await refuses(remove, "InvalidStateTransition", /from rejected to deleting/);
        });
    });

    // Amazon EC2 API Reference, "DescribeVpcPeeringConnections" and "Error codes".
    describe("the description of peering connections", () => {
        it("is filtered by states, also failed ones, by sides and by tags", async () => {
            const [one, other] = [await lab.makeVpc(), await lab.makeVpc()];
            const twin = await lab.makeVpc(lab.api, one.block);
            const failed = await lab.request(one.id, twin.id);
            const active = await lab.peer(one.id, other.id);
            const pending = await lab.request(other.id, twin.id);
            await lab.api.createTags({ Resources: [pending], Tags: [{ Key: "Team", Value: "a*b" }] });
            const found = async (filters: Record<string, string[]>) => {
                const Filters = Object.entries(filters).map(([Name, Values]) => ({ Name, Values }));
                const { VpcPeeringConnections = [] } = await lab.api.describeVpcPeeringConnections({ Filters });
                return VpcPeeringConnections.map(({ VpcPeeringConnectionId }) => VpcPeeringConnectionId);
            };
            const mine = { "vpc-peering-connection-id": [failed, active, pending] };
            const cases: [Record<string, string[]>, string[]][] = [
                [{}, [failed, active, pending]],
                [{ "status-code": ["failed"] }, [failed]],
                [{ "status-code": ["active", "pending-*"] }, [active, pending]],
                [{ "status-message": ["Failed due to*"] }, [failed]],
                [{ "requester-vpc-info.vpc-id": [one.id], "status-code": ["active"] }, [active]],
                [{ "accepter-vpc-info.vpc-id": [twin.id] }, [failed, pending]],
                [{ "requester-vpc-info.cidr-block": [other.block] }, [pending]],
                [{ "requester-vpc-info.owner-id": ["1234567890??"] }, [failed, active, pending]],
                [{ "tag:Team": ["a\\*b"] }, [pending]],
                [{ "tag:Team": ["a\\?b"] }, []],
                [{ "tag-key": ["Team"] }, [pending]],
            ];
            for (const [filters, expected] of cases) {
                assert.deepEqual(await found({ ...mine, ...filters }), expected, JSON.stringify(filters));
            }
            await refuses(found({ status: ["active"] }), "InvalidParameterValue", /^The filter 'status' is invalid$/);
        });

        it("has the time when a pending request expires, in seven days", async () => {
            const [one, other] = [await lab.makeVpc(), await lab.makeVpc()];
            const asked = await lab.api.createVpcPeeringConnection({ VpcId: one.id, PeerVpcId: other.id });
            const id = asked.VpcPeeringConnection?.VpcPeeringConnectionId ?? "";
            const expires = async () => {
                const { VpcPeeringConnections } = await lab.api.describeVpcPeeringConnections({
                    VpcPeeringConnectionIds: [id],
                });
                return VpcPeeringConnections?.[0]?.ExpirationTime;
            };
            const time = asked.VpcPeeringConnection?.ExpirationTime;
            const days = ((time?.getTime() ?? 0) - Date.now()) / (24 * 3600 * 1000);
            assert.ok(days > 6.99 && days <= 7, `${days} days`);
            assert.deepEqual(await expires(), time);
            await lab.api.acceptVpcPeeringConnection({ VpcPeeringConnectionId: id });
            assert.equal(await expires(), undefined);
        });

        it("does not know an ID that does not exist, nor does any other call", async () => {
            const unknown = "pcx-0123456789abcdef0";
            const RouteTableId = await lab.makeTable(await lab.makeVpc());
            const route = {
                RouteTableId,
                DestinationCidrBlock: "192.0.2.0/24",
                VpcPeeringConnectionId: unknown,
            };
            for (const call of [
                () => lab.api.describeVpcPeeringConnections({ VpcPeeringConnectionIds: [unknown] }),
                () => lab.api.acceptVpcPeeringConnection({ VpcPeeringConnectionId: unknown }),
                () => lab.api.rejectVpcPeeringConnection({ VpcPeeringConnectionId: unknown }),
                () => lab.api.deleteVpcPeeringConnection({ VpcPeeringConnectionId: unknown }),
                () => lab.api.modifyVpcPeeringConnectionOptions({ VpcPeeringConnectionId: unknown }),
                () => lab.api.createRoute(route),
                () => lab.api.replaceRoute(route),
            ]) {
                const message = /^The vpcPeeringConnection ID 'pcx-0123456789abcdef0' does not exist$/;
                await refuses(call(), "InvalidVpcPeeringConnectionID.NotFound", message);
            }
        });
    });

    // Amazon VPC User Guide, "VPC CIDR blocks" (manage IPv4 CIDR blocks for a VPC).
    describe("a block that is added to a VPC", () => {
        const add = ({ id: VpcId }: { id: string }, CidrBlock: string) =>
            lab.api.associateVpcCidrBlock({ VpcId, CidrBlock });
        const inside = (block: string, third: number) => block.replace("0.0/16", `${third}.0/24`);

        it("does not overlap the peer of an active connection, wherever it is", async () => {
            const one = await lab.makeVpc();
            const [near, far] = [await lab.makeVpc(), await lab.makeVpc(lab.abroad)];
            const id = await lab.peer(one.id, near.id);
            const VpcPeeringConnectionId = await lab.request(one.id, far.id, { PeerRegion: otherRegion });
            await lab.abroad.acceptVpcPeeringConnection({ VpcPeeringConnectionId });
            for (const peer of [near, far]) {
                const message = /overlaps a CIDR block of vpc-\w+, the peer of pcx-\w+\.$/;
                await refuses(add(one, inside(peer.block, 7)), "InvalidVpc.Range", message);
            }
            await refuses(add(near, inside(one.block, 7)), "InvalidVpc.Range", /the peer of/);
            await add(one, "10.251.0.0/16");
            await refuses(add(near, "10.251.1.0/24"), "InvalidVpc.Range", /the peer of/);
            await lab.api.deleteVpcPeeringConnection({ VpcPeeringConnectionId: id });
            await add(one, inside(near.block, 7));
        });

        it("does not overlap a block of the VPC itself", async () => {
            const vpc = await lab.makeVpc();
            await refuses(add(vpc, inside(vpc.block, 7)), "InvalidVpc.Range", /conflicts with a CIDR block of vpc-/);
        });

        it("is not added to the requester while its request is pending", async () => {
            const [one, other] = [await lab.makeVpc(), await lab.makeVpc()];
            const VpcPeeringConnectionId = await lab.request(one.id, other.id);
            await refuses(add(one, "10.252.0.0/16"), "OperationNotPermitted", /pcx-\w+ is pending acceptance/);
            await add(other, "10.253.0.0/16");
            await lab.api.acceptVpcPeeringConnection({ VpcPeeringConnectionId });
            await add(one, "10.252.0.0/16");
        });

        it("lets a pending request fail if the accepter's new block overlaps the requester", async () => {
            const [one, other] = [await lab.makeVpc(), await lab.makeVpc()];
            const VpcPeeringConnectionId = await lab.request(one.id, other.id);
            await add(other, inside(one.block, 7));
            assert.equal(await lab.statusOf(VpcPeeringConnectionId), "failed");
            const accept = lab.api.acceptVpcPeeringConnection({ VpcPeeringConnectionId });
            await refuses(accept, "InvalidStateTransition", /pcx-/);
            const remove = lab.api.deleteVpcPeeringConnection({ VpcPeeringConnectionId });
            await refuses(remove, "InvalidStateTransition", /from failed to deleting/);
        });

        it("is smaller than the destinations of the VPC's routes", async () => {
            const [one, other] = [await lab.makeVpc(), await lab.makeVpc()];
            const VpcPeeringConnectionId = await lab.peer(one.id, other.id);
            const RouteTableId = await lab.makeTable(one);
            const DestinationCidrBlock = "10.254.0.0/24";
            await lab.api.createRoute({ RouteTableId, DestinationCidrBlock, VpcPeeringConnectionId });
            for (const block of ["10.254.0.0/24", "10.254.0.0/16"]) {
                const message = /is the same as or larger than the destination 10\.254\.0\.0\/24 of a route in rtb-/;
                await refuses(add(one, block), "InvalidVpc.Range", message);
            }
            await add(one, "10.254.0.0/25");
        });
    });

    // Amazon VPC User Guide, "Amazon VPC quotas" (VPC peering connections).
    describe("quotas", () => {
        it("allow an account 25 outstanding requests", async () => {
            const { id: VpcId } = await lab.makeVpc(lab.abroad);
            const ids: string[] = [];
            const ask = async () => {
                const { id: PeerVpcId } = await lab.makeVpc(lab.abroad);
                const { VpcPeeringConnection } = await lab.abroad.createVpcPeeringConnection({ VpcId, PeerVpcId });
                ids.push(VpcPeeringConnection?.VpcPeeringConnectionId ?? "");
            };
            for (let count = 0; count < 25; count++) {
                await ask();
            }
            await refuses(ask(), "PendingVpcPeeringConnectionLimitExceeded", /limit exceeded/);
            await lab.abroad.acceptVpcPeeringConnection({ VpcPeeringConnectionId: ids.pop() });
            await ask();
        });

        it("allow a VPC 50 active connections", async () => {
            const ask = async () => {
                const { id: PeerVpcId } = hub;
                const { id: VpcId } = await lab.makeVpc(lab.bare, `192.168.${count++}.0/24`);
                const { VpcPeeringConnection } = await lab.bare.createVpcPeeringConnection({ VpcId, PeerVpcId });
                return { VpcPeeringConnectionId: VpcPeeringConnection?.VpcPeeringConnectionId };
            };
            let count = 0;
            const hub = await lab.makeVpc();
            for (; count < 49;) {
                await lab.bare.acceptVpcPeeringConnection(await ask());
            }
            const fiftieth = await ask();
            await lab.api.acceptVpcPeeringConnection(fiftieth);
            const next = await ask();
            await refuses(
                lab.api.acceptVpcPeeringConnection(next),
                "ActiveVpcPeeringConnectionPerVpcLimitExceeded",
                /limit/,
            );
            await lab.api.deleteVpcPeeringConnection(fiftieth);
            await lab.api.acceptVpcPeeringConnection(next);
        });
    });
});
