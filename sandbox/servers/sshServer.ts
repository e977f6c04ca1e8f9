/** The SSH server of one instance: `ec2-user` with the instance's own key pair gets in, nobody else. */
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import ssh2, { type AuthContext, type ParsedKey } from "ssh2";
import { generateKeyPair } from "./keys.ts";
import { serveSession } from "./session.ts";

const USER = "ec2-user";

const root = process.argv[2] ?? "/";
const authorized = authorizedKey();

/** The key that EC2 put on the instance's disk; undefined where it was launched without one. */
function authorizedKey(): ParsedKey | undefined {
    try {
        const key = ssh2.utils.parseKey(readFileSync(join(root, "home/ec2-user/.ssh/authorized_keys")));
        return key instanceof Error ? undefined : key;
    } catch {
        return undefined;
    }
}

/** True for the user's key: when it is offered, and then when it has signed. */
function mayEnter(context: AuthContext): boolean {
    if (context.method !== "publickey" || context.username !== USER || !authorized) {
        return false;
    }
    const { key, signature, blob, hashAlgo } = context;
    if (!key.data.equals(authorized.getPublicSSH())) {
        return false;
    }
    // Despite its type, verify gives an error for what is no signature.
    const verified: unknown = signature && blob ? authorized.verify(blob, signature, hashAlgo) : !signature;
    return verified === true;
}

const hostKey = generateKeyPair().private;
const server = new ssh2.Server({ hostKeys: [hostKey], ident: "vpc-peering-lab" }, (client, { ip, port }) => {
    client.on("authentication", (context) => {
        if (mayEnter(context)) {
            context.accept();
        } else {
            context.reject(["publickey"]);
        }
    });
    client.on("session", (accept) => {
        serveSession(accept(), { root, user: USER, client: `${ip} ${port}` });
    });
    // Clients that break off are no trouble of the server's.
    client.on("error", () => undefined);
});
// Many small messages go to and fro, each of which would wait for the other side's delayed acknowledgement.
createServer({ noDelay: true }, (socket) => {
    server.injectSocket(socket);
}).listen(22, "0.0.0.0");

// The other end of standard input is held by whoever wants the instance to run.
process.stdin.resume().on("end", () => process.exit());
