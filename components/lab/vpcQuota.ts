import { getVpcs } from "@pulumi/aws/ec2/getVpcs";
import { orEmpty } from "../peering/ownership";
import { inRegion } from "../peering/regions";
import { sides, type Place, type Side } from "../peering/sides";
import { labVpcNames } from "./names";
import { labVpcDefaults } from "./labVpcArgs";
import { askedOf, type PairProviders } from "./where";

/** How many VPCs AWS allows a region of an account by default. Source: Amazon VPC User Guide, "Amazon VPC quotas". */
const quota = 5;

/** What a pair's VPCs are called after. */
type Named = { readonly prefix?: string | undefined } & Readonly<Record<Side, { readonly label?: string | undefined }>>;

/** The quota's code at Service Quotas, "VPCs per Region". */
const code = "L-F678F1CE";

/**
 * Warnings of regions in which a pair would have more VPCs than AWS allows by default; nothing once its VPCs are there, or where the
 * VPCs can't be read. The account's own quota may be higher. It is not read, because a role for peering need not be allowed to read it.
 *
 * @param places where the sides are; nothing of either where one provider manages both.
 * @param defaultRegion the region of a side of which nothing is known.
 */
export async function vpcQuotaWarnings(
    pair: Named & PairProviders,
    places: Readonly<Record<Side, Place>>,
    defaultRegion: string | undefined,
): Promise<string[]> {
    const keyOf = (side: Side) => `${places[side].region ?? ""} ${places[side].accountId ?? ""}`;
    const isShared = keyOf("requester") === keyOf("accepter");
    const groups: (readonly Side[])[] = isShared ? [sides] : sides.map((side) => [side]);
    const warnings = await Promise.all(
        groups.map(async (own) => {
            const [side = "requester"] = own;
            const names = own.map((one) => vpcName(pair, one));
            const filters = [{ name: "tag:Name", values: names }];
            try {
                const { region = defaultRegion } = places[side];
                const there = inRegion(places[side].region);
                const asked = askedOf(pair, side);
                const [all, made] = await Promise.all([getVpcs(there, asked), getVpcs({ ...there, filters }, asked)]);
                const missing = Math.max(own.length - orEmpty(made.ids).length, 0);
                return warning(orEmpty(all.ids).length, missing, region);
            } catch {
                return [];
            }
        }),
    );
    return warnings.flat();
}

function warning(there: number, missing: number, region: string | undefined): string[] {
    const [where, option] = region === undefined ? ["the region", ""] : [region, ` --region ${region}`];
    const raise = `aws service-quotas request-service-quota-increase --service-code vpc --quota-code ${code} --desired-value ${there + missing}${option}`;
    return missing === 0 || there + missing <= quota
        ? []
        : [
              `There are ${there} VPCs in ${where}, and this makes ${missing} more; AWS allows ${quota} by default (Amazon VPC User Guide, "Amazon VPC quotas"). Unless the quota has been raised, delete VPCs that nobody needs, choose another region, or raise it with "${raise}"`,
          ];
}

/** The `Name` tag of a side's VPC. */
function vpcName({ prefix = labVpcDefaults.prefix, ...args }: Named, side: Side): string {
    const number = sides.indexOf(side) + 1;
    return labVpcNames(prefix, number, args[side].label ?? `VPC${number}`).vpc;
}
