import { Refusal } from "../answers.ts";
import { prefixesIn, type CallParameters, type Rule } from "../call.ts";
import type { View } from "../client/view.ts";
import { logGroupIn } from "../corrections/flowLogs.ts";

// Rules of flow logs. The API knows some of them, but may have carried out a part of the call before it refuses the rest.
// Sources: Amazon EC2 API Reference, "CreateFlowLogs", "DeleteFlowLogs" and "Error codes".

/** The values of the parameters that AWS requires of flow logs for VPCs, subnets and network interfaces. */
const values: Readonly<Record<string, readonly string[]>> = {
    ResourceType: ["VPC", "Subnet", "NetworkInterface"],
    TrafficType: ["ACCEPT", "REJECT", "ALL"],
};

/** Flow logs have resources, a type of traffic, and one name for their destination. */
export const completeFlowLog: Rule = async (parameters, view) => {
    for (const [name, known] of Object.entries(values)) {
        const value = parameters[name];
        if (value === undefined) {
            throw missing(name);
        }
        if (!known.includes(value)) {
            throw new Refusal("InvalidParameterValue", `Value (${value}) for parameter ${name} is invalid.`);
        }
    }
    if (resourcesIn(parameters).length === 0) {
        throw missing("ResourceId");
    }
    const { LogDestination, LogGroupName } = parameters;
    if (LogDestination !== undefined && LogGroupName !== undefined) {
        const message = "Please only provide LogGroupName or only provide LogDestination.";
        throw new Refusal("InvalidParameter", message);
    }
    // Source: Amazon CloudWatch Logs API Reference, "CreateLogGroup" (logGroupName).
    if (LogGroupName !== undefined && !/^[\w./#-]{1,512}$/.test(LogGroupName)) {
        throw new Refusal("InvalidParameterValue", `Value (${LogGroupName}) for parameter LogGroupName is invalid.`);
    }
    if (LogDestination !== undefined && (await logGroupIn(parameters, view)) === undefined) {
        const message = `LogDestination: ${LogDestination} is not the ARN of a log group of this account and region.`;
        throw new Refusal("InvalidParameterValue", message);
    }
};

/** The codes of errors for resources that do not exist, and what they are called in the message. */
const unknown: Readonly<Record<string, readonly [code: string, what: string]>> = {
    VPC: ["InvalidVpcID.NotFound", "vpc"],
    Subnet: ["InvalidSubnetID.NotFound", "subnet"],
    NetworkInterface: ["InvalidNetworkInterfaceID.NotFound", "networkInterface"],
};

/** Flow logs are for resources that exist. */
export const knownResources: Rule = async (parameters, view) => {
    const { ResourceType = "" } = parameters;
    const [code = "", what = ""] = unknown[ResourceType] ?? [];
    for (const id of resourcesIn(parameters)) {
        if (!(await isKnown(ResourceType, id, view))) {
            throw new Refusal(code, `The ${what} ID '${id}' does not exist`);
        }
    }
};

async function isKnown(type: string, id: string, view: View): Promise<boolean> {
    switch (type) {
        case "VPC":
            return (await view.vpc(id)) !== undefined;
        case "Subnet":
            return (await view.subnet(id)) !== undefined;
        default:
            return (await view.interfaces()).some(({ NetworkInterfaceId }) => NetworkInterfaceId === id);
    }
}

/**
 * A resource has one flow log for a type of traffic and a destination. Source also: Amazon VPC User Guide, "Publish flow logs to
 * CloudWatch Logs" (several flow logs with the same log group).
 */
export const newFlowLog: Rule = async (parameters, view) => {
    const [group, logs] = [await logGroupIn(parameters, view), await view.flowLogs()];
    const ids = resourcesIn(parameters);
    const exists = logs.some(
        ({ ResourceId = "", TrafficType, LogGroupName }) =>
            ids.includes(ResourceId) && TrafficType === parameters["TrafficType"] && LogGroupName === group,
    );
    if (exists || new Set(ids).size < ids.length) {
        throw new Refusal(
            "FlowLogAlreadyExists",
            "Error. There is an existing Flow Log with the same configuration and log destination.",
        );
    }
};

/** Flow logs that are deleted exist. */
export const knownFlowLogs: Rule = async (parameters, view) => {
    const ids = prefixesIn(parameters, /^FlowLogId\.\d+$/).flatMap((name) => parameters[name] ?? []);
    const logs = await view.flowLogs();
    const unknown = ids.filter((id) => !logs.some(({ FlowLogId }) => FlowLogId === id));
    if (ids.length === 0) {
        throw missing("FlowLogId");
    }
    if (unknown.length > 0) {
        const message = `These flow log ids in the input list are not found: [TotalCount: ${unknown.length}] ${unknown.join(" ")}`;
        throw new Refusal("InvalidFlowLogId.NotFound", message);
    }
};

function resourcesIn(parameters: CallParameters): string[] {
    return prefixesIn(parameters, /^ResourceId\.\d+$/).flatMap((name) => parameters[name] ?? []);
}

function missing(name: string): Refusal {
    return new Refusal("MissingParameter", `The request must contain the parameter ${name}`);
}
