import type { View } from "../client/view.ts";

/** Throws the refusal of a call of EC2's API that AWS refuses, by its parameters and what the caller has. */
export type Rule = (parameters: URLSearchParams, view: View) => Promise<void>;
