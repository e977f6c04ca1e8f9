import type { CallParameters } from "../call.ts";
import type { View } from "../client/view.ts";

/**
 * Changes the parameters of RunInstances where AWS behaves differently from moto: it launches as many instances as it can, not
 * as few as it may, and deletes the network interface that was created with an instance when the instance is terminated.
 * Sources: Amazon EC2 API Reference, "RunInstances" (MaxCount); Amazon EC2 User Guide, "Terminate Amazon EC2 instances".
 */
export function asLaunched({ SubnetId, ...others }: CallParameters): CallParameters {
    const { MaxCount } = others;
    const counted: CallParameters = MaxCount === undefined ? others : { ...others, MinCount: MaxCount };
    // The API refuses SubnetId together with network interfaces.
    const parameters: CallParameters =
        SubnetId === undefined
            ? counted
            : { ...counted, "NetworkInterface.1.DeviceIndex": "0", "NetworkInterface.1.SubnetId": SubnetId };
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
