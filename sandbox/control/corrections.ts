import { DeleteNetworkInterfaceCommand, DescribeInstancesCommand, EC2Client } from "@aws-sdk/client-ec2";

/**
 * Does what AWS does when instances are terminated, and moto forgets: the interface that was made with an instance goes
 * with it. Call it before the API is asked to terminate, and what it returns afterwards. Where the API has done so itself
 * there is nothing left to do. Source: Amazon EC2 User Guide, "Terminate Amazon EC2 instances".
 */
export async function interfacesToRelease(
    endpoint: string,
    region: string,
    instanceIds: readonly string[],
): Promise<() => Promise<void>> {
    const client = new EC2Client({ endpoint, region, credentials: { accessKeyId: "test", secretAccessKey: "test" } });
    const { Reservations = [] } = await client.send(new DescribeInstancesCommand({ InstanceIds: [...instanceIds] }));
    const interfaces = Reservations.flatMap(({ Instances = [] }) => Instances)
        .flatMap(({ NetworkInterfaces = [] }) => NetworkInterfaces)
        .filter(({ Attachment }) => Attachment?.DeviceIndex === 0);
    return async () => {
        await Promise.allSettled(
            interfaces.map(({ NetworkInterfaceId }) =>
                client.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId })),
            ),
        );
        client.destroy();
    };
}
