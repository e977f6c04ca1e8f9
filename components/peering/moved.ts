import { getVpcs } from "@pulumi/aws/ec2/getVpcs";
import type { InvokeOptions } from "@pulumi/pulumi";
import { problemIf, type Problem } from "../problems";
import { orEmpty } from "./ownership";
import type { PeeringSideArgs } from "./peeringArgs";
import { inRegion } from "./regions";
import { connectionType, isPart } from "./stackParts";
import { sides, type Side } from "./sides";
import type { StackResource } from "./stackState";

/**
 * The problems of VPCs that are not where they are said to be, where that would replace a connection that stands: the connection is
 * deleted before its successor is requested, which AWS then lets fail. A side is asked only if it is managed; and nobody is asked as
 * long as the connection stays what it is.
 *
 * @param connection name of the connection.
 */
export async function checkThere(
    connection: string,
    vpcs: Readonly<Record<Side, string>>,
    args: Readonly<Record<Side, PeeringSideArgs>>,
    asked: Readonly<Record<Side, InvokeOptions | undefined>>,
    resources: readonly StackResource[] = [],
): Promise<Problem[]> {
    const made = resources.find((one) => isPart(one, connectionType, connection))?.outputs;
    const { region } = args.accepter;
    const stays =
        made?.["vpcId"] === vpcs.requester &&
        made["peerVpcId"] === vpcs.accepter &&
        (region === undefined || !made["peerRegion"] || made["peerRegion"] === region);
    if (made === undefined || stays) {
        return [];
    }
    const found = await Promise.all(
        sides.map(async (side) => {
            const opts = asked[side];
            if (opts === undefined) {
                return [];
            }
            const filters = [{ name: "vpc-id", values: [vpcs[side]] }];
            const { ids } = await getVpcs({ ...inRegion(args[side].region), filters }, opts);
            const where =
                args[side].region === undefined ? "in the region of the side's provider" : `in ${args[side].region}`;
            const message = `is no VPC ${where}, and the connection that stands would be deleted before AWS refuses the new one; correct ${side}.vpcId or ${side}.region`;
            return problemIf(orEmpty(ids).length === 0, { path: `${side}.vpcId`, value: vpcs[side], message });
        }),
    );
    return found.flat();
}
