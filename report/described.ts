/** What AWS describes, as far as a picture shows it. */
import { endsOf, kinds, type State } from "../reachability/state.ts";

/** Resources by their kinds and IDs. */
export type Described = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** The resources of VPCs, without what is empty. */
export function describedOf(state: State, vpcIds: readonly string[]): Described {
    const described: Record<string, Record<string, unknown>> = {};
    for (const place of state.places) {
        for (const kind of kinds) {
            const items =
                kind === "Reservations"
                    ? (place.Reservations ?? []).flatMap(({ Instances = [] }) => Instances)
                    : (place[kind] ?? []);
            for (const item of items) {
                if (vpcsOf(item).some((id) => vpcIds.includes(id))) {
                    (described[kind === "Reservations" ? "Instances" : kind] ??= {})[idOf(item)] = withoutEmpty(item);
                }
            }
        }
    }
    return described;
}

/** What is in the later one and not, or otherwise, in the earlier one; resources that are gone are null. */
export function differenceOf(before: Described, after: Described): Described {
    const all = new Set([...Object.keys(before), ...Object.keys(after)]);
    return Object.fromEntries(
        [...all].flatMap((kind) => {
            const [old, now] = [before[kind] ?? {}, after[kind] ?? {}];
            const changed = Object.entries(now).filter(([id, one]) => JSON.stringify(one) !== JSON.stringify(old[id]));
            const gone = Object.keys(old).filter((id) => !(id in now));
            const items = Object.fromEntries([...changed, ...gone.map((id) => [id, null] as const)]);
            return Object.keys(items).length === 0 ? [] : [[kind, items]];
        }),
    );
}

/** The VPCs that a resource is in or between. */
function vpcsOf(item: object): string[] {
    const { VpcId, Attachments = [] } = item as { VpcId?: string; Attachments?: readonly { VpcId?: string }[] };
    const ends = "RequesterVpcInfo" in item ? endsOf(item as Parameters<typeof endsOf>[0]) : [];
    return [VpcId ?? [], ends, Attachments.map((one) => one.VpcId ?? "")].flat();
}

const ids = [
    "VpcPeeringConnectionId",
    "NetworkInterfaceId",
    "InstanceId",
    "GroupId",
    "NetworkAclId",
    "RouteTableId",
    "InternetGatewayId",
    "SubnetId",
    "VpcId",
];

/** A resource's own ID, which comes before those of the ones that it is in. */
function idOf(item: object): string {
    const values = item as Readonly<Record<string, string | undefined>>;
    return ids.map((key) => values[key]).find((id) => id !== undefined) ?? "";
}

function withoutEmpty(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(withoutEmpty);
    if (typeof value !== "object" || value === null || value instanceof Date) return value;
    const entries = Object.entries(value).map(([key, one]) => [key, withoutEmpty(one)] as const);
    return Object.fromEntries(entries.filter(([, one]) => !isEmpty(one)));
}

function isEmpty(value: unknown): boolean {
    if (value === undefined || value === null || value === "") return true;
    return typeof value === "object" && !(value instanceof Date) && Object.keys(value).length === 0;
}
