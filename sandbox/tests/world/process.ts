/**
 * The process of a world, in namespaces of its own. It runs commands, servers and, on request, the EC2 API with or without a
 * network. Tests run outside and reach the API through Unix sockets.
 */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { appendFileSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { HOME_KEY } from "../../api/client/caller.ts";
import { startGateway } from "../../api/gateway.ts";
import { startMoto, type Moto } from "../../api/moto.ts";
import { awsEnvironment } from "../../launch/environment.ts";
import { Places } from "../../network/described/places.ts";
import type { State } from "../../network/described/state.ts";
import { internet } from "../../network/planned/network.ts";
import { createReconciler, type Reconcile } from "../../network/reconciler.ts";
import type { ServerSpec } from "../../serverSpec.ts";
import { createServers, type Servers } from "../../servers/servers.ts";

/** Options of a world. */
export interface Start {
    /** The EC2 API; none by default. */
    readonly api?: {
        readonly moto: Moto;
        /** Folder for the sockets `gateway`, for the API through the gateway, and `moto`, for the API without it. */
        readonly dir: string;
        readonly region: string;
        /** Whether there is a network, or only what it is read from, which is compared after each change with all there is. */
        readonly network: boolean | "compared";
        /** Whether there is a small web server on every instance. */
        readonly webServers: boolean;
    };
}

/**
 * A command to run, on a machine or in the sandbox's own namespace, the servers to run, days that pass for the gateway, or
 * that the network reads everything again.
 */
export type Request =
    | { readonly command: string; readonly machine?: string }
    | { readonly specs: readonly ServerSpec[] }
    | { readonly days: number }
    | { readonly refresh: true };

/** The exit code and the output of a command. */
export interface Answer {
    readonly code: number | null;
    readonly output: string;
}

/** A server on the HTTP and SSH ports that responds with its machine's ID and the client's address. */
const webServer = `const { createServer } = require("node:http");
const [name] = process.argv.slice(1);
const server = () => createServer(({ socket }, response) => response.end(name + " saw " + socket.remoteAddress));
server().listen(22, "0.0.0.0", () => server().listen(80, "0.0.0.0", () => console.log("listening")));`;

const listening = new Map<string, Promise<void>>();

function startWebServer(name: string, machine?: string): void {
    const child = spawn("env", [...enter(machine), process.execPath, "-e", webServer, name], {
        stdio: ["ignore", "pipe", "inherit"],
    });
    listening.set(
        name,
        new Promise((resolve) =>
            createInterface(child.stdout).once("line", () => {
                resolve();
            }),
        ),
    );
}

function enter(machine: string | undefined): string[] {
    return machine === undefined ? [] : ["nsenter", `--net=/run/netns/${machine}`];
}

/** Forwards a Unix socket, which is reachable from outside, to a port in the namespace. */
function publish(socket: string, endpoint: string): Promise<void> {
    const server = createServer((outside) => {
        const inside = connect(Number(new URL(endpoint).port), "127.0.0.1");
        outside.on("error", () => inside.destroy()).pipe(inside);
        inside.on("error", () => outside.destroy()).pipe(outside);
    });
    return new Promise((resolve) => server.listen(socket, resolve));
}

async function run(command: string, machine?: string): Promise<Answer> {
    await Promise.all(listening.values());
    const child = spawn("env", [...enter(machine), "bash", "-c", command], { stdio: ["ignore", "pipe", "pipe"] });
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

function fail(error: unknown): void {
    console.error("The network does not match the API:", error);
    process.exit(1);
}

/** Reads what a change can have changed, and fails if the result is not what is read of an account that nothing is known of. */
function createComparison(endpoint: string): Reconcile {
    const places = new Places(endpoint);
    const sorted = (state: State) =>
        Object.values(state).map((items: { id: string }[]) => [...items].sort((a, b) => (a.id < b.id ? -1 : 1)));
    return async (caller, action = "", parameters = {}) => {
        if (caller) {
            await places.changedBy(caller, action, parameters);
            const anew = new Places(endpoint);
            await anew.changedBy(caller, "", {});
            assert.deepEqual(sorted(await places.read()), sorted(await anew.read()), action);
        }
    };
}

async function startApi({ moto, dir, region, network, webServers }: NonNullable<Start["api"]>): Promise<void> {
    const { endpoint: upstream } = await startMoto(moto, "/run/moto.log");
    const reconcile: Reconcile =
        network === true
            ? createReconciler({
                  endpoint: upstream,
                  home: { accessKeyId: HOME_KEY, region },
                  onServers: webServers ? onServers : () => undefined,
                  onRebuilt,
                  flowLogs: { python: moto[0] ?? "", dir: "/run/flow-logs", onError: fail },
              })
            : network === "compared"
              ? createComparison(upstream)
              : () => Promise.resolve();
    const { endpoint } = await startGateway({ upstream, onChange: reconcile, onError: fail });
    // As in a sandbox, so that commands may be the AWS CLI's.
    Object.assign(process.env, awsEnvironment(endpoint, region));
    await reconcile();
    update = reconcile;
    if (webServers) {
        startWebServer(internet.name);
    }
    await publish(join(dir, "gateway"), endpoint);
    await publish(join(dir, "moto"), upstream);
}

function onServers(specs: readonly ServerSpec[]): void {
    writeFileSync("/run/servers.json", JSON.stringify(specs));
    for (const { id } of specs.filter(({ id }) => !listening.has(id))) {
        startWebServer(id, id);
    }
}

function onRebuilt(error: unknown): void {
    appendFileSync("/run/rebuilt.log", `${JSON.stringify(String(error))}\n`);
}

let servers: Servers | undefined;
let update: Reconcile = () => Promise.resolve();

async function answerTo(request: Request): Promise<Answer> {
    if ("command" in request) {
        return run(request.command, request.machine);
    }
    if ("refresh" in request) {
        await update();
        return { code: 0, output: "" };
    }
    if ("days" in request) {
        const now = Date.now.bind(Date);
        Date.now = () => now() + request.days * 24 * 3600 * 1000;
        return { code: 0, output: "" };
    }
    servers ??= createServers({ dir: "/run/servers", logDir: "/run/log", log: console.error });
    servers.reconcile(request.specs);
    return { code: 0, output: "" };
}

process.on("disconnect", () => process.exit());
process.on("message", ({ id, request }: { id: number; request: Request }) => {
    void answerTo(request).then((answer) => process.send?.({ id, answer }));
});
execFileSync("bash", ["-ec", "mount -t tmpfs tmpfs /run; mkdir /run/netns; ip link set lo up"]);
const { api } = JSON.parse(process.argv[2] ?? "") as Start;
if (api) {
    await startApi(api);
}
process.send?.("ready");
