/**
 * AWS VPC peering for Pulumi: {@link VpcPeering} peers any two VPCs, and {@link PeeredVpcPair} makes two with a server each to see
 * it with. Nothing is opened unless told to, and what AWS would refuse is refused before anything is created.
 *
 * The check with real packets is `pulumi-vpc-peering/check`, which needs `@pulumi/command`; the rules alone, without AWS's SDK,
 * are `pulumi-vpc-peering/rules`.
 */
export { VpcPeering } from "./peering/vpcPeering";
export type { PeeringSideArgs, VpcPeeringArgs } from "./peering/peeringArgs";
export type { IngressSource, PeeringOptions, Usage } from "./peering/peeringRules";
export type { Port } from "./peering/ports";
export type { Place, RequestsFrom, Side } from "./peering/sides";
export { lookUpVpc, LookUpError, type LookUpOptions } from "./peering/lookUpVpc";
export { hasDefaultProvider, sideProvider, type SideAccess } from "./peering/sideAccess";
export { findPlaces, unaskedProblem, type FoundPlaces } from "./peering/places";

export { PeeredVpcPair } from "./lab/peeredVpcPair";
export type { PairSideArgs, PeeredVpcPairArgs } from "./lab/pairArgs";
export { LabVpc } from "./lab/labVpc";
export type { AmiChoice, LabVpcArgs } from "./lab/labVpcArgs";
export type { AddressPlan } from "./addresses/addressPlan";
export type { Stage } from "./lab/expectations";
export { vpcQuotaWarnings } from "./lab/vpcQuota";
export { findZone, type Offering } from "./lab/offerings";
export type { ProbedServer, ProbeOutcome } from "./check/probe";
