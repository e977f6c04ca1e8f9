import { withText, type Answer } from "../answers.ts";
import type { Call } from "../call.ts";
import type { View } from "../client/view.ts";
import { withBlackholes } from "./blackholes.ts";
import { createFlowLogs, deleteFlowLogs } from "./flowLogs.ts";
import { asLaunched, withZone } from "./launches.ts";
import { Peerings } from "./peerings.ts";

/** Changes calls and responses where AWS behaves differently from the API behind the gateway. */
export interface Corrections {
    /** Makes the changes that time brings. */
    readonly settle: (view: View) => Promise<void>;
    /** Handles a call, by its action. Calls that need no correction are forwarded unchanged. */
    readonly carryOut: (action: string, call: Call) => Promise<Answer>;
}

/** Creates the corrections of a gateway. */
export function createCorrections(): Corrections {
    const peerings = new Peerings();
    const corrections: Readonly<Record<string, (call: Call) => Promise<Answer>>> = {
        RunInstances: ({ parameters, forward }) => forward(asLaunched(parameters)),
        CreateSubnet: async ({ parameters, view, forward }) => forward(await withZone(parameters, view)),
        DescribeRouteTables: async ({ view, forward }) => withText(await forward(), (xml) => withBlackholes(xml, view)),
        CreateVpcPeeringConnection: (call) => peerings.create(call),
        AcceptVpcPeeringConnection: (call) => peerings.accept(call),
        ModifyVpcPeeringConnectionOptions: (call) => peerings.modify(call),
        DescribeVpcPeeringConnections: (call) => peerings.describe(call),
        DeleteVpcPeeringConnection: (call) => peerings.delete(call),
        AssociateVpcCidrBlock: (call) => peerings.associate(call),
        CreateFlowLogs: createFlowLogs,
        DeleteFlowLogs: deleteFlowLogs,
    };
    return {
        settle: (view) => peerings.expire(view),
        carryOut: (action, call) => corrections[action]?.(call) ?? call.forward(),
    };
}
