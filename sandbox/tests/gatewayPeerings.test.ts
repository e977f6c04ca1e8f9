import assert from "node:assert/strict";
import type { EC2 } from "@aws-sdk/client-ec2";
import { GatewayLab, otherAccount, otherRegion, refuses } from "./world/gatewayLab.ts";
import { region } from "./world/world.ts";

// Calls on peering connections that AWS refuses, with the error code from the cited page, and calls that it allows.
describe("Gateway, peering connections", function () {
    // moto may have to be installed first.
    this.timeout(600_000);
    let lab: GatewayLab;

    before(async () => {
        lab = await GatewayLab.start();
    });

    after(() => {
        lab.stop();
    });

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

        // Amazon EC2 API Reference, "DeleteVpcPeeringConnection".
        it("can't be deleted after it is rejected", async () => {
            const [one, other] = [await lab.makeVpc(), await lab.makeVpc()];
            const VpcPeeringConnectionId = await lab.request(one.id, other.id);
            await lab.api.rejectVpcPeeringConnection({ VpcPeeringConnectionId });
            const remove = lab.api.deleteVpcPeeringConnection({ VpcPeeringConnectionId });
            await refuses(remove, "InvalidStateTransition", /from rejected to deleting/);
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
