/**
 * Prepares the engine in namespaces of its own, in which the vendor's sites are a server on the loopback interface that
 * serves the files of a folder. Prints an Outcome. Without Internet access, what it does not serve can't be reached.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import https from "node:https";
import { join } from "node:path";
import { messageOf } from "../../cache/process.ts";
import { prepareEngine, type Engine } from "../../engine/engine.ts";

/**
 * What is wrong with a file: the server has none, fails, or sends another one; or it sends half of the file, and then closes
 * the connection, says that this is all of it, or sends nothing more.
 */
export type Fault = 404 | 500 | "another" | "broken" | "truncated" | "stalled";

/** What to prepare the engine with. */
export interface Preparation {
    /** Folder with `key.pem`, `cert.pem`, another archive, and for each host a folder with the files that it serves. */
    readonly dir: string;
    /** What is wrong with the files whose paths contain a text. */
    readonly faults: Readonly<Record<string, Fault>>;
    /** Time limit for a download in seconds; the engine's by default. */
    readonly limit?: number;
}

/** The engine or an error, and how it came to that. */
export interface Outcome {
    readonly engine?: Engine;
    readonly error?: string;
    readonly log: readonly string[];
    /** The addresses that were asked for, each once. */
    readonly asked: readonly string[];
}

const { dir, faults, limit } = JSON.parse(process.argv[2] ?? "") as Preparation;
const asked = new Set<string>();

function answer({ headers, url = "" }: IncomingMessage, response: ServerResponse): void {
    const { host = "" } = headers;
    asked.add(`${host}${url}`);
    const path = join(dir, host, url);
    const [, fault = existsSync(path) ? undefined : 404] =
        Object.entries(faults).find(([text]) => path.includes(text)) ?? [];
    if (typeof fault === "number") {
        response.writeHead(fault).end();
        return;
    }
    const file = readFileSync(fault === "another" ? join(dir, "another.tar.gz") : path);
    const half = file.subarray(0, file.length / 2);
    if (fault === "broken" || fault === "stalled") {
        response.writeHead(200, { "content-length": file.length }).write(half, () => {
            if (fault === "broken") {
                response.destroy();
            }
        });
        return;
    }
    const sent = fault === "truncated" ? half : file;
    response.writeHead(200, { "content-length": sent.length }).end(sent);
}

const hosts = join(dir, "hosts");
writeFileSync(hosts, "127.0.0.1 localhost get.pulumi.com github.com api.github.com\n");
execFileSync("sh", ["-ec", `ip link set lo up; mount --bind "$0" /etc/hosts`, hosts]);
const [key, cert] = [readFileSync(join(dir, "key.pem")), readFileSync(join(dir, "cert.pem"))];
const servers = [https.createServer({ key, cert }, answer).listen(443), http.createServer(answer).listen(80)];
await Promise.all(servers.map((server) => new Promise((resolve) => server.once("listening", resolve))));

const log: string[] = [];
const outcome = await prepareEngine((line) => log.push(line), [], limit).then(
    (engine) => ({ engine }),
    (error: unknown) => ({ error: messageOf(error) }),
);
console.log(JSON.stringify({ ...outcome, log, asked: [...asked] } satisfies Outcome));
process.exit();
