/** A server to run: the network describes it, `servers/` runs it. */
export interface ServerSpec {
    /** The instance's ID, which is also the name of its network namespace. */
    readonly id: string;
    readonly privateIp: string;
    readonly publicKey: string | undefined;
    readonly userData: string;
    /** Its name server, and its search domain. */
    readonly nameServer: string;
    readonly searchDomain: string;
}
