/**
 * What the components check and know without asking AWS, for programs that check settings of their own before they make a
 * component. It loads neither AWS's SDK nor `@pulumi/command`.
 */
export { checkVpcPeeringArgs } from "./peering/peeringArgs";
export { checkAccess } from "./peering/peeringRules";
export { checkPeeredVpcPairArgs } from "./lab/pairArgs";
export { checkLabVpcArgs, amiParameters, labVpcDefaults } from "./lab/labVpcArgs";
export { answersIn } from "./lab/expectations";
export { privateKeyProblem } from "./check/privateKey";
export { defaultTimeLimit } from "./check/probe";
export { describeProblems, distinct, problemIf, withoutStack, type Problem } from "./problems";
export { misplacedSettings } from "./namespaces";
export { distance } from "./nearest";
export { checkRegion } from "./peering/regions";
export { shellWord } from "./shell";
export { accountOf, across, partitionOf, sides, type Place, type RequestsFrom, type Side } from "./peering/sides";
export { contains, overlaps, parseAddress, parseCidr, type Cidr, type Parsed } from "./addresses/cidr";
export { readable } from "./addresses/readable";
