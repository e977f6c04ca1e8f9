import { HOME_KEY } from "../api/client/caller.ts";
import { Clients } from "../api/client/clients.ts";
import { View } from "../api/client/view.ts";

/** States of a connection that no longer exists, which AWS still describes for a while. */
const pastConnections: readonly string[] = ["deleted", "rejected", "expired", "failed", "deleting"];

/**
 * Lists an account's resources in a region, of the kinds that the lab creates, as `kind id`. Leaves out terminated and
 * deleted resources that the API still describes, and the default VPC with its parts. The account is by default the
 * sandbox's own.
 */
export async function inventory(endpoint: string, region: string, account?: string): Promise<string[]> {
    const clients = new Clients(endpoint);
    const accessKeyId = account === undefined ? HOME_KEY : await clients.keyOf(account);
    const view = new View(clients, { accessKeyId, region });
    const defaults = (await view.vpcs()).filter(({ IsDefault }) => IsDefault).map(({ VpcId }) => VpcId);
    const isMade = ({ VpcId }: { readonly VpcId?: string | undefined }): boolean => !defaults.includes(VpcId);
    const list = async <Item>(
        kind: string,
        items: Promise<Item[]>,
        id: keyof Item,
        isWanted: (item: Item) => boolean = () => true,
    ): Promise<string[]> => (await items).filter(isWanted).map((item) => `${kind} ${String(item[id])}`);
    const found = await Promise.all([
        list("VPC", view.vpcs(), "VpcId", isMade),
        list("subnet", view.subnets(), "SubnetId", isMade),
        list("internet gateway", view.internetGateways(), "InternetGatewayId", ({ Attachments }) =>
            isMade(Attachments?.[0] ?? {}),
        ),
        list("route table", view.routeTables(), "RouteTableId", isMade),
        list("security group", view.groups(), "GroupId", isMade),
        // A VPC's default one goes with it on AWS, and stays in the API behind the sandbox.
        list("network ACL", view.networkAcls(), "NetworkAclId", ({ IsDefault }) => !IsDefault),
        // AWS has some of its own.
        list("prefix list", view.prefixLists(), "PrefixListId", ({ OwnerId }) => OwnerId !== "AWS"),
        list("flow log", view.flowLogs(), "FlowLogId"),
        list("key pair", view.keyPairs(), "KeyPairId"),
        list("network interface", view.interfaces(), "NetworkInterfaceId"),
        list("volume", view.volumes(), "VolumeId"),
        list("address", view.addresses(), "AllocationId"),
        list("instance", view.instances(), "InstanceId", ({ State }) => State?.Name !== "terminated"),
        list(
            "peering connection",
            view.peerings(),
            "VpcPeeringConnectionId",
            ({ Status }) => !pastConnections.includes(Status?.Code ?? ""),
        ),
    ]);
    clients.stop();
    return found.flat();
}
