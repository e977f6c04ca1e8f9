import type { Element } from "@xmldom/xmldom";
import { children, elements, rewrite, textOf } from "../answers.ts";
import type { View } from "../client/view.ts";
import { isActive } from "../client/vpcs.ts";

/** The kinds of targets that a route may have, by their names in EC2's answers, and whether one of them takes packets. */
const targets: Readonly<Record<string, (id: string, vpcId: string, view: View) => Promise<boolean>>> = {
    vpcPeeringConnectionId: async (id, _, view) =>
        (await view.peerings()).some((one) => one.VpcPeeringConnectionId === id && isActive(one)),
    gatewayId: async (id, vpcId, view) =>
        // The VPC itself ("local") is always there; whether gateways of other kinds are is not known here.
        !id.startsWith("igw-") ||
        (await view.internetGateways()).some(
            ({ InternetGatewayId, Attachments = [] }) =>
                InternetGatewayId === id && Attachments.some(({ VpcId }) => VpcId === vpcId),
        ),
    natGatewayId: async (id, _, view) =>
        (await view.natGateways()).some((one) => one.NatGatewayId === id && one.State === "available"),
    networkInterfaceId: async (id, _, view) =>
        (await view.interfaces()).some((one) => one.NetworkInterfaceId === id && one.Status === "in-use"),
};

/**
 * The answer of DescribeRouteTables with the state `blackhole` for each route whose target is gone or takes no packets: a
 * peering connection that is not active, an internet gateway that is not attached to the table's VPC. Sources: Amazon EC2
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
