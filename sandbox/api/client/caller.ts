/** The caller of the EC2 API and the region of the call, from the credential scope of the call's signature. */
export interface Caller {
    readonly accessKeyId: string;
    readonly region: string;
}

/** The access key of the sandbox's default account. */
export const HOME_KEY = "test";

/** Credentials of the account that an access key belongs to. The API does not verify signatures, so any secret works. */
export function credentialsOf(accessKeyId = HOME_KEY): { accessKeyId: string; secretAccessKey: string } {
    return { accessKeyId, secretAccessKey: "test" };
}
