import type { View } from "../client/view.ts";

/** Throws a Refusal if AWS refuses an EC2 API call with these parameters, given the caller's resources. */
export type Rule = (parameters: URLSearchParams, view: View) => Promise<void>;
