import { getVpcs } from "@pulumi/aws/ec2/getVpcs";
import type { InvokeOptions } from "@pulumi/pulumi";
import { problemIf, type Problem } from "../problems";
import { orEmpty } from "./ownership";
import type { PeeringSideArgs } from "./peeringArgs";
import { inRegion } from "./regions";
import { isElsewhere } from "./sideAccess";
import { connectionType, isPart } from "./stackParts";
import { sides, type Side } from "./sides";
import { valueIfKnown, type StackResource } from "./stackState";

/** The two sides, and how each managed one is asked. */
interface Asked {
    readonly args: Readonly<Record<Side, PeeringSideArgs>>;
    readonly asked: Readonly<Record<Side, InvokeOptions | undefined>>;
}

/** The problems of VPCs, as far as their ids are known, that are not in the region of their side where that is not its provider's. */
export async function checkRegions({ args, asked }: Asked): Promise<Problem[]> {
    const found = await Promise.all(
        sides.map(async (side) => {
            const { region, vpcId } = args[side];
            const opts = asked[side];
            if (opts === undefined || !(await isElsewhere(region, opts))) {
                return [];
            }
            const id = await valueIfKnown(vpcId);
            return id === undefined ? [] : checkThere(side, id, opts, region, "");
        }),
    );
    return found.flat();
}

/**
 * The problems of VPCs that are not where they are said to be, where that would replace a connection that stands: the connection is
 * deleted before its successor is requested, which AWS then lets fail. Nobody is asked as long as the connection stays what it is.
 *
 * @param connection name of the connection.
 */
export async function checkMoved(
    connection: string,
    vpcs: Readonly<Record<Side, string>>,
    { args, asked }: Asked,
    resources: readonly StackResource[] = [],
): Promise<Problem[]> {
    const made = resources.find((one) => isPart(one, connectionType, connection))?.outputs;
    const stays = made?.["vpcId"] === vpcs.requester && made["peerVpcId"] === vpcs.accepter;
    if (made === undefined || stays) {
        return [];
    }
    const found = await Promise.all(
        sides.map(async (side) => {
            const opts = asked[side];
            const harm = ", and the connection that stands would be deleted before AWS refuses the new one";
            return opts === undefined ? [] : checkThere(side, vpcs[side], opts, args[side].region, harm);
        }),
    );
    return found.flat();
}

async function checkThere(
    side: Side,
    value: string,
    opts: InvokeOptions,
    region: string | undefined,
    harm: string,
): Promise<Problem[]> {
    const filters = [{ name: "vpc-id", values: [value] }];
    const { ids } = await getVpcs({ ...inRegion(region), filters }, opts);
    const where = region === undefined ? "in the region of the side's provider" : `in ${region}`;
    return problemIf(orEmpty(ids).length === 0, {
        path: `${side}.vpcId`,
        value,
        message: `is no VPC ${where}${harm}; correct ${side}.vpcId or ${side}.region`,
    });
}
