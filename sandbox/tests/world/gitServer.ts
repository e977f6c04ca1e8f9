import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import https from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../cache/process.ts";

/** The engine takes sources without a port, and with a dot in the host's name, for addresses of repositories. */
const HOST = "git.test";

/** The Git repositories below a folder, served by HTTPS on the loopback interface. */
export interface GitServer {
    /** A bare repository `NAME.git` of the folder is at `<url>/NAME.git`. */
    readonly url: string;
    /** For the environment of `pulumi`, which clones by HTTPS only: Go then trusts the server's certificate, and no other. */
    readonly env: Readonly<Record<string, string>>;
    readonly close: () => void;
}

/**
 * Serves the bare repositories of a folder with `git http-backend` and a certificate of its own. For use inside a sandbox only:
 * it takes port 443 of the loopback interface, and lays a file over /etc/hosts.
 */
export async function serveGit(folder: string): Promise<GitServer> {
    const dir = mkdtempSync(join(tmpdir(), "git-server-"));
    const [key, cert] = [join(dir, "key.pem"), join(dir, "cert.pem")];
    const name = ["-subj", `/CN=${HOST}`, "-addext", `subjectAltName=DNS:${HOST}`];
    const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"];
    await run("openssl", ["req", ...kind, ...name, "-keyout", key, "-out", cert]);
    const server = https.createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
        answer(folder, request, response);
    });
    server.listen(443, "127.0.0.1");
    await once(server, "listening");
    const hosts = join(dir, "hosts");
    writeFileSync(hosts, `${readFileSync("/etc/hosts", "utf8")}\n127.0.0.1 ${HOST}\n`);
    await run("mount", ["--bind", hosts, "/etc/hosts"]);
    return {
        url: `https://${HOST}`,
        env: { SSL_CERT_FILE: cert },
        close: () => server.close(),
    };
}

/** Answers by the Common Gateway Interface (RFC 3875), as git-http-backend(1) has it. */
function answer(folder: string, request: IncomingMessage, response: ServerResponse): void {
    const { pathname, search } = new URL(request.url ?? "", `https://${HOST}`);
    const backend = spawn("git", ["http-backend"], {
        stdio: ["pipe", "pipe", "inherit"],
        env: {
            PATH: process.env["PATH"],
            GIT_PROJECT_ROOT: folder,
            GIT_HTTP_EXPORT_ALL: "1",
            PATH_INFO: pathname,
            QUERY_STRING: search.slice(1),
            REQUEST_METHOD: request.method,
            CONTENT_TYPE: request.headers["content-type"] ?? "",
            HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
            GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
        },
    });
    request.pipe(backend.stdin);
    const chunks: Buffer[] = [];
    backend.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    backend.on("close", () => {
        const output = Buffer.concat(chunks);
        const end = output.indexOf("\r\n\r\n");
        const lines = output.subarray(0, end).toString().split("\r\n");
        const fields = lines.map((line) => line.split(": ") as [string, string]);
        const status = fields.find(([field]) => field === "Status")?.[1] ?? "200";
        response.writeHead(Number.parseInt(status), Object.fromEntries(fields.filter(([field]) => field !== "Status")));
        response.end(output.subarray(end + 4));
    });
}
