import type { IncomingHttpHeaders } from "node:http";
import type { Caller } from "./client/caller.ts";

/** Who has signed a call, for which service. */
export interface Signature {
    readonly caller: Caller;
    readonly service: string;
}

/**
 * The signature of a call; undefined if it has none. Source: AWS Identity and Access Management User Guide, "Elements of an
 * AWS API request signature" (the credential scope).
 */
export function signatureOf(headers: IncomingHttpHeaders): Signature | undefined {
    const scope = /Credential=([^/,]+)\/\d+\/([^/,]+)\/([^/,]+)\/aws4_request/;
    const [, accessKeyId, region, service] = scope.exec(headers.authorization ?? "") ?? [];
    return accessKeyId && region && service ? { caller: { accessKeyId, region }, service } : undefined;
}
