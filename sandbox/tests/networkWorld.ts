/**
 * Runs the EC2 API, the network behind it and a small web server on every instance, in namespaces of its own, for
 * network.test.ts, which is outside of them and reaches the API by way of Unix sockets.
 */
import { execFileSync, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { HOME_KEY } from "../api/client/caller.ts";
import { startGateway } from "../api/gateway.ts";
import { startMoto, type Moto } from "../api/moto.ts";
import { internet } from "../network/planned/network.ts";
import { createReconciler } from "../network/reconciler.ts";

/** What the test hands over when it starts the world. */
export interface Start {
    readonly moto: Moto;
    /** Folder for the sockets `gateway`, which is the way to the API, and `moto`, the way around the gateway. */
    readonly dir: string;
    readonly region: string;
}

/** How a command ended and what it printed. */
export interface Answer {
    readonly code: number | null;
    readonly output: string;
}

/** Says on which machine it is and whom it sees, on the ports of HTTP and SSH. */
const webServer = `const { createServer } = require("node:http");
const [name] = process.argv.slice(1);
const server = () => createServer(({ socket }, response) => response.end(name + " saw " + socket.remoteAddress));
server().listen(22, "0.0.0.0", () => server().listen(80, "0.0.0.0", () => console.log("listening")));`;

const listening = new Map<string, Promise<void>>();

function startWebServer(name: string, enter: readonly string[] = []): void {
    const child = spawn("env", [...enter, process.execPath, "-e", webServer, name], {
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

/** Opens a way from a Unix socket, which those outside can reach, to a port in here. */
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
    const enter = machine ? ["nsenter", `--net=/run/netns/${machine}`] : [];
    const child = spawn("env", [...enter, "bash", "-c", command], { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.on("data", (data: Buffer) => (output += data.toString()));
    return new Promise((resolve) => {
        child.on("close", (code) => {
            resolve({ code, output });
        });
    });
}

async function start({ moto, dir, region }: Start): Promise<void> {
    execFileSync("bash", ["-ec", "mount -t tmpfs tmpfs /run; mkdir /run/netns; ip link set lo up"]);
    const { endpoint: upstream } = await startMoto(moto, "/run/moto.log");
    const onError = (error: unknown): void => {
        console.error("The network is not what the API says:", error);
        process.exit(1);
    };
    const reconcile = createReconciler({
        endpoint: upstream,
        home: { accessKeyId: HOME_KEY, region },
        onServers: (servers) => {
            writeFileSync("/run/servers.json", JSON.stringify(servers));
            for (const { id } of servers.filter(({ id }) => !listening.has(id))) {
                startWebServer(id, ["nsenter", `--net=/run/netns/${id}`]);
            }
        },
    });
    const { endpoint } = await startGateway({ upstream, onChange: reconcile, onError });
    await reconcile();
    startWebServer(internet.name);
    await publish(join(dir, "gateway"), endpoint);
    await publish(join(dir, "moto"), upstream);
}

process.on("disconnect", () => process.exit());
process.on("message", ({ id, command, machine }: { id: number; command: string; machine?: string }) => {
    void run(command, machine).then((answer) => process.send?.({ id, answer }));
});
await start(JSON.parse(process.argv[2] ?? "") as Start);
process.send?.("ready");
