/** Runs servers in namespaces of its own for servers.test.ts, which is outside of them. */
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import type { ServerSpec } from "../serverSpec.ts";
import { createServers } from "../servers/servers.ts";

/** What the test asks for: commands to be run in the world, or the servers that shall run. */
export type Request = { readonly command: string } | { readonly specs: readonly ServerSpec[] };

/** How a command ended and what it printed. */
export interface Answer {
    readonly code: number | null;
    readonly output: string;
}

const servers = createServers({ dir: "/run/servers", logDir: "/run/log", log: console.error });

function run(command: string): Promise<Answer> {
    const child = spawn("bash", ["-c", command], { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
        stream.on("data", (data: Buffer) => (output += data.toString()));
    }
    return new Promise((resolve) => {
        child.on("close", (code) => {
            resolve({ code, output });
        });
    });
}

process.on("message", ({ id, request }: { id: number; request: Request }) => {
    if ("specs" in request) {
        servers.reconcile(request.specs);
        process.send?.({ id, answer: { code: 0, output: "" } });
    } else {
        void run(request.command).then((answer) => process.send?.({ id, answer }));
    }
});
process.on("disconnect", () => process.exit());

await run("mount -t tmpfs tmpfs /run; ip link set lo up; ip address add 198.51.100.2/32 dev lo");
// The package repositories of the internet.
createServer((socket) => socket.end()).listen(443, "198.51.100.2", () => process.send?.("ready"));
