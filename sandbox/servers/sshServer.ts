/** The SSH server of one instance: `ec2-user` with the instance's own key pair can log in, no other user. */
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
    // Despite its type, verify returns an error for a malformed signature.
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
    // A client that disconnects is not the server's error.
    client.on("error", () => undefined);
});
// Many small messages go to and fro, each of which would wait for the other side's delayed acknowledgement.
createServer({ noDelay: true }, (socket) => {
    server.injectSocket(socket);
}).listen(22, "0.0.0.0");

// servers.ts holds the other end of standard input, and closes it to stop the instance.
process.stdin.resume().on("end", () => process.exit());
