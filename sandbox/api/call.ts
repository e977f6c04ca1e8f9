import type { Answer } from "./answers.ts";
import type { View } from "./client/view.ts";

/** The parameters of an EC2 API call, in the flat form of EC2's Query API, such as `NetworkInterface.1.SubnetId`. */
export type CallParameters = Readonly<Record<string, string>>;

/** An EC2 API call that passes through the gateway. */
export interface Call {
    readonly parameters: CallParameters;
    /** The caller's resources. */
    readonly view: View;
    /** Forwards the call to the API, unchanged or with other parameters, and returns the response. */
    readonly forward: (parameters?: CallParameters) => Promise<Answer>;
}

/** Throws a Refusal if AWS refuses an EC2 API call with these parameters, given the caller's resources. */
export type Rule = (parameters: CallParameters, view: View) => Promise<void>;

/** The distinct beginnings of parameter names that match a pattern, such as `NetworkInterface.1.`. */
export function prefixesIn(parameters: CallParameters, pattern: RegExp): string[] {
    return [...new Set(Object.keys(parameters).flatMap((name) => pattern.exec(name)?.[0] ?? []))];
}
