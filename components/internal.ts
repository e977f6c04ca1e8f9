/** What the lab's own program and the plugin for other languages share with the components. It may change in any version. */
export { withAcceptance } from "./peering/acceptance";
export { findPlaces, type FoundPlaces } from "./peering/places";
export { providerFor } from "./peering/sideAccess";
export { vpcQuotaWarnings } from "./lab/vpcQuota";
export { findPairPlaces } from "./lab/where";
