import { withText, type Answer } from "../answers.ts";
import type { Call } from "../call.ts";
import { withBlackholes } from "./blackholes.ts";
import { withInterfaceDefaults } from "./launches.ts";
import { Peerings } from "./peerings.ts";

/**
 * Creates the handler of calls, by their action. It changes calls and responses where AWS behaves differently from the API
 * behind the gateway, and forwards all other calls unchanged.
 */
export function createCorrections(): (action: string, call: Call) => Promise<Answer> {
    const peerings = new Peerings();
    const corrections: Readonly<Record<string, (call: Call) => Promise<Answer>>> = {
        RunInstances: ({ parameters, forward }) => forward(withInterfaceDefaults(parameters)),
        DescribeRouteTables: async ({ view, forward }) => withText(await forward(), (xml) => withBlackholes(xml, view)),
        CreateVpcPeeringConnection: (call) => peerings.create(call),
        DescribeVpcPeeringConnections: (call) => peerings.describe(call),
    };
    return (action, call) => corrections[action]?.(call) ?? call.forward();
}
