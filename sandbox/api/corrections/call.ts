import type { Answer } from "../answers.ts";
import type { View } from "../client/view.ts";

/** A call of EC2's API on its way through the gateway. */
export interface Call {
    readonly parameters: URLSearchParams;
    /** What the caller has. */
    readonly view: View;
    /** Passes the call on to the API as it is, or with other parameters, and gives the API's answer. */
    readonly forward: (parameters?: URLSearchParams) => Promise<Answer>;
}
