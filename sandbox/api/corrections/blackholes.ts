import type { Element } from "@xmldom/xmldom";
import { children, elements, rewrite, textOf } from "../answers.ts";
import type { View } from "../client/view.ts";
import { isActive, isAttached } from "../client/vpcs.ts";

/** Route targets by their names in EC2's responses, each with a check whether a target is available. */
const targets: Readonly<Record<string, (id: string, vpcId: string, view: View) => Promise<boolean>>> = {
    vpcPeeringConnectionId: async (id, _, view) => isActive((await view.peering(id)) ?? {}),
    // "local" is always available. Other kinds of gateways are assumed to be.
    gatewayId: async (id, vpcId, view) =>
        !id.startsWith("igw-") || isAttached((await view.internetGateway(id)) ?? {}, vpcId),
    natGatewayId: async (id, _, view) => (await view.natGateway(id))?.State === "available",
    networkInterfaceId: async (id, _, view) => (await view.networkInterface(id))?.Status === "in-use",
};

/**
 * The response of DescribeRouteTables with the state `blackhole` for each route whose target is not available, such as a
 * peering connection that is not active or an internet gateway that is not attached to the table's VPC. Sources: Amazon EC2
 * API Reference, "Route" (state); VPC Peering Guide, "VPC peering connection lifecycle".
 */
export async function withBlackholes(answer: string, view: View): Promise<string> {
    if (!/<(vpcPeeringConnectionId|gatewayId|natGatewayId|networkInterfaceId)>(?!local<)/.test(answer)) {
        return answer;
    }
    return rewrite(answer, async (document) => {
        for (const routes of elements(document, "routeSet")) {
            const vpcId = textOf(routes.parentNode as Element, "vpcId") ?? "";
            for (const route of children(routes)) {
                for (const [name, isAlive] of Object.entries(targets)) {
                    const id = textOf(route, name);
                    const [state] = children(route, "state");
                    if (id !== undefined && state && !(await isAlive(id, vpcId, view))) {
                        state.textContent = "blackhole";
                    }
                }
            }
        }
    });
}
