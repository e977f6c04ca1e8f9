/**
 * The parameters of RunInstances with AWS's default spelled out, which moto does not have: when an instance is terminated,
 * the interface that was made with it is deleted, and its address is free again. Source: Amazon EC2 User Guide, "Terminate
 * Amazon EC2 instances".
 */
export function withInterfaceDefaults(runInstances: URLSearchParams): URLSearchParams {
    const parameters = new URLSearchParams(runInstances);
    const subnetId = parameters.get("SubnetId");
    if (subnetId !== null) {
        // The API refuses a subnet beside an interface.
        parameters.delete("SubnetId");
        parameters.set("NetworkInterface.1.DeviceIndex", "0");
        parameters.set("NetworkInterface.1.SubnetId", subnetId);
    }
    const interfaces = [...parameters.keys()].map((name) => /^NetworkInterface\.\d+\./.exec(name)?.[0]);
    for (const name of new Set(interfaces.filter((name) => name !== undefined))) {
        // An interface that was there before the instance is not deleted with it.
        if (!parameters.has(`${name}NetworkInterfaceId`) && !parameters.has(`${name}DeleteOnTermination`)) {
            parameters.set(`${name}DeleteOnTermination`, "true");
        }
    }
    return parameters;
}
