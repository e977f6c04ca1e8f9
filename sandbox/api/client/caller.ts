/** Who calls the EC2 API, and where, as the scope of the call's signature says. */
export interface Caller {
    readonly accessKeyId: string;
    readonly region: string;
}

/** The access key of the account that everybody in the sandbox begins with. */
export const HOME_KEY = "test";

/** Credentials of the account that an access key belongs to: the API verifies no signature, so any secret will do. */
export function credentialsOf(accessKeyId = HOME_KEY): { accessKeyId: string; secretAccessKey: string } {
    return { accessKeyId, secretAccessKey: "test" };
}
