/** What a server is to be: the network says it, and the servers' room runs it. */
export interface ServerSpec {
    /** The instance's id, which is also the name of its network namespace. */
    readonly id: string;
    readonly privateIp: string;
    readonly publicKey: string | undefined;
    readonly userData: string;
    /** Its name server, and the domain in which that looks for short names. */
    readonly nameServer: string;
    readonly searchDomain: string;
}
