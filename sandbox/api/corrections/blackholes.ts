import type { Element } from "@xmldom/xmldom";
import { childOf, rewrite } from "../answers.ts";
import type { View } from "../client/view.ts";
import { isActive, isAttached } from "../client/vpcs.ts";

/** Route targets by their names in EC2's responses, each with a check whether a target is available. */
const targets: Readonly<Record<string, (id: string, vpcId: string, view: View) => Promise<boolean>>> = {
    vpcPeeringConnectionId: async (id, _, view) => isActive((await view.peering(id)) ?? {}),
    // "local" is always available. Other kinds of gateways are assumed to be.
    gatewayId: async (id, vpcId, view) =>
        !id.startsWith("igw-") || isAttached((await view.internetGateway(id)) ?? {}, vpcId),
};

/**
 * The response of DescribeRouteTables with the state `blackhole` for each route whose target is not available, such as a
 * peering connection that is not active or an internet gateway that is not attached to the table's VPC. Sources: Amazon EC2
 * API Reference, "Route" (state); VPC Peering Guide, "VPC peering connection lifecycle".
 */
export async function withBlackholes(answer: string, view: View): Promise<string> {
    if (!Object.keys(targets).some((name) => answer.includes(`<${name}>`))) {
        return answer;
    }
    return rewrite(answer, async (document) => {
        for (const [name, isAlive] of Object.entries(targets)) {
            for (const target of document.getElementsByTagName(name)) {
                const route = target.parentNode as Element;
                const table = route.parentNode?.parentNode as Element;
                const [state, vpcId] = [childOf(route, "state"), childOf(table, "vpcId")];
                if (state && !(await isAlive(target.textContent ?? "", vpcId?.textContent ?? "", view))) {
                    state.textContent = "blackhole";
                }
            }
        }
    });
}
