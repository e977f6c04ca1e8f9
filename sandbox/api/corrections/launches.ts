import { prefixesIn, type CallParameters } from "../call.ts";

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
    const defaults: [string, string][] = prefixesIn(parameters, /^NetworkInterface\.\d+\./)
        // An interface that existed before the instance is not deleted with it.
        .filter((prefix) => !(`${prefix}NetworkInterfaceId` in parameters))
        .filter((prefix) => !(`${prefix}DeleteOnTermination` in parameters))
        .map((prefix) => [`${prefix}DeleteOnTermination`, "true"]);
    return { ...parameters, ...Object.fromEntries(defaults) };
}
