/** The components that other languages get. What else is exported here becomes a component of theirs if it is one. */
export { PeeredVpcPair } from "./peeredVpcPair";
export { VpcPeering } from "./vpcPeering";
