/**
 * Adds a default of AWS that moto lacks to the parameters of RunInstances: when an instance is terminated, the network
 * interface that was created with it is deleted, and its address becomes available. Source: Amazon EC2 User Guide, "Terminate
 * Amazon EC2 instances".
 */
export function withInterfaceDefaults(runInstances: URLSearchParams): URLSearchParams {
    const parameters = new URLSearchParams(runInstances);
    const subnetId = parameters.get("SubnetId");
    if (subnetId !== null) {
        // The API refuses SubnetId together with network interfaces.
        parameters.delete("SubnetId");
        parameters.set("NetworkInterface.1.DeviceIndex", "0");
        parameters.set("NetworkInterface.1.SubnetId", subnetId);
    }
    const interfaces = [...parameters.keys()].map((name) => /^NetworkInterface\.\d+\./.exec(name)?.[0]);
    for (const name of new Set(interfaces.filter((name) => name !== undefined))) {
        // An interface that existed before the instance is not deleted with it.
        if (!parameters.has(`${name}NetworkInterfaceId`) && !parameters.has(`${name}DeleteOnTermination`)) {
            parameters.set(`${name}DeleteOnTermination`, "true");
        }
    }
    return parameters;
}
