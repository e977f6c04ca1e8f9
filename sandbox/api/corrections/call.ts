import type { Answer } from "../answers.ts";
import type { View } from "../client/view.ts";

/** An EC2 API call that passes through the gateway. */
export interface Call {
    readonly parameters: URLSearchParams;
    /** The caller's resources. */
    readonly view: View;
    /** Forwards the call to the API, unchanged or with other parameters, and returns the response. */
    readonly forward: (parameters?: URLSearchParams) => Promise<Answer>;
}
