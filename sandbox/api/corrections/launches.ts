/**
 * Asks for what AWS does by default when instances are terminated, and moto only when it was asked at their start: the
 * interface that was made with an instance goes with it, and its address is free again. For that the interface has to be
 * spelled out. Source: Amazon EC2 User Guide, "Terminate Amazon EC2 instances".
 */
export function withInterfaceDefaults(runInstances: URLSearchParams): URLSearchParams {
    const parameters = new URLSearchParams(runInstances);
    const subnetId = parameters.get("SubnetId");
    if (subnetId !== null) {
        // An interface and the instance's own subnet together are refused.
        parameters.delete("SubnetId");
        parameters.set("NetworkInterface.1.DeviceIndex", "0");
        parameters.set("NetworkInterface.1.SubnetId", subnetId);
    }
    const interfaces = [...parameters.keys()].map((name) => /^NetworkInterface\.\d+\./.exec(name)?.[0]);
    for (const name of new Set(interfaces.filter((name) => name !== undefined))) {
        // One that was there before stays.
        if (!parameters.has(`${name}NetworkInterfaceId`) && !parameters.has(`${name}DeleteOnTermination`)) {
            parameters.set(`${name}DeleteOnTermination`, "true");
        }
    }
    return parameters;
}
