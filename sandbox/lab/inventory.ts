import { HOME_KEY } from "../api/client/caller.ts";
import { Clients } from "../api/client/clients.ts";
import { View } from "../api/client/view.ts";

/** States of a connection that no longer exists, which AWS still describes for a while. */
const pastConnections: readonly string[] = ["deleted", "rejected", "expired", "failed", "deleting"];

/**
 * Lists an account's resources in a region, of the kinds that the lab creates, as `kind id`. Leaves out terminated and
 * deleted resources that the API still describes, and the default VPC with its parts. The account is the access key's
 * owner, by default the sandbox's own account.
 */
export async function inventory(endpoint: string, region: string, accessKeyId = HOME_KEY): Promise<string[]> {
    const clients = new Clients(endpoint);
    const view = new View(clients, { accessKeyId, region });
    const defaults = (await view.vpcs()).filter(({ IsDefault }) => IsDefault).map(({ VpcId }) => VpcId);
    const isMade = ({ VpcId }: { readonly VpcId?: string | undefined }): boolean => !defaults.includes(VpcId);
    const ids = async <Item>(kind: string, found: Promise<Item[]>, idOf: (item: Item) => string | undefined) =>
        (await found).map((item) => `${kind} ${idOf(item) ?? "without id"}`);
    const found = await Promise.all([
        ids("VPC", only(view.vpcs(), isMade), ({ VpcId }) => VpcId),
        ids("subnet", only(view.subnets(), isMade), ({ SubnetId }) => SubnetId),
        ids(
            "internet gateway",
            only(view.internetGateways(), ({ Attachments }) => isMade(Attachments?.[0] ?? {})),
            ({ InternetGatewayId }) => InternetGatewayId,
        ),
        ids("route table", only(view.routeTables(), isMade), ({ RouteTableId }) => RouteTableId),
        ids("security group", only(view.groups(), isMade), ({ GroupId }) => GroupId),
        ids("key pair", view.keyPairs(), ({ KeyPairId }) => KeyPairId),
        ids("network interface", view.interfaces(), ({ NetworkInterfaceId }) => NetworkInterfaceId),
        ids("volume", view.volumes(), ({ VolumeId }) => VolumeId),
        ids("address", view.addresses(), ({ AllocationId }) => AllocationId),
        ids(
            "instance",
            only(view.instances(), ({ State }) => State?.Name !== "terminated"),
            ({ InstanceId }) => InstanceId,
        ),
        ids(
            "peering connection",
            only(view.peerings(), ({ Status }) => !pastConnections.includes(Status?.Code ?? "")),
            ({ VpcPeeringConnectionId }) => VpcPeeringConnectionId,
        ),
    ]);
    clients.stop();
    return found.flat();
}

async function only<Item>(items: Promise<Item[]>, condition: (item: Item) => boolean): Promise<Item[]> {
    return (await items).filter(condition);
}
