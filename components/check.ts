/** The check with real packets, over SSH. It needs `@pulumi/command`, and bash and OpenSSH where Pulumi runs. */
export {
    ReachabilityCheck,
    type BrokenPromise,
    type DirectionResult,
    type ProbedVpc,
    type ReachabilityCheckArgs,
    type SshAccess,
} from "./check/reachabilityCheck";
export type { ProbedServer, ProbeOutcome } from "./check/probe";
export { resultLine } from "./check/resultLine";
