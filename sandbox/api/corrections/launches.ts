import type { CallParameters } from "../call.ts";
import type { View } from "../client/view.ts";

/**
 * Adds a default of AWS that moto lacks to the parameters of RunInstances: when an instance is terminated, the network
 * interface that was created with it is deleted, and its address becomes available. Source: Amazon EC2 User Guide, "Terminate
 * Amazon EC2 instances".
 */
export function withInterfaceDefaults({ SubnetId, ...others }: CallParameters): CallParameters {
    // The API refuses SubnetId together with network interfaces.
    const parameters: CallParameters =
        SubnetId === undefined
            ? others
            : { ...others, "NetworkInterface.1.DeviceIndex": "0", "NetworkInterface.1.SubnetId": SubnetId };
    return "NetworkInterface.1.DeviceIndex" in parameters
        ? { "NetworkInterface.1.DeleteOnTermination": "true", ...parameters }
        : parameters;
}

/**
 * Chooses a zone for CreateSubnet. AWS selects one if none is given; here it is always the region's first, where moto takes
 * any. Source: Amazon EC2 API Reference, "CreateSubnet" (AvailabilityZone).
 */
export async function withZone(parameters: CallParameters, { ec2 }: View): Promise<CallParameters> {
    if ("AvailabilityZone" in parameters || "AvailabilityZoneId" in parameters) {
        return parameters;
    }
    const { AvailabilityZones = [] } = await ec2.describeAvailabilityZones({});
    const [first = ""] = AvailabilityZones.flatMap(({ ZoneName }) => ZoneName ?? []).sort();
    return { ...parameters, AvailabilityZone: first };
}
