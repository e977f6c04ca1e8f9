import { appendFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { HOME_KEY } from "../api/client/caller.ts";
import { startGateway, type Answered } from "../api/gateway.ts";
import { messageOf } from "../cache/process.ts";
import { createReconciler } from "../network/reconciler.ts";
import { createServers } from "../servers/servers.ts";
import { keepNames, type NameFiles } from "./names.ts";

/** Where the servers find the package repositories of the internet: at this machine's end of the sandbox's internet. */
const REPOSITORY = { host: "198.51.100.2", port: 443 } as const;

/** How the cloud is made. */
interface CloudOptions {
    /** The port of the EC2 API. */
    readonly port: number;
    /** The region that is there from the start; others are learned from callers. */
    readonly region: string;
    readonly runDir: string;
    /** The Python interpreter. */
    readonly python: string;
    /** Files with names to keep up to date, if any. */
    readonly names: NameFiles | undefined;
    /** Called when the network can't follow the API. */
    readonly onError: (error: unknown) => void;
}

/**
 * Starts the EC2 API in front of the one at `upstream`, and the network and the servers that follow what it describes. They do
 * so a little later: the first answer from there takes seconds, and each change waits for the network anyway.
 */
export async function startCloud(upstream: string, options: CloudOptions): Promise<void> {
    const { port, region, runDir, python, names, onError } = options;
    const logDir = join(runDir, "log");
    const servers = createServers({ dir: join(runDir, "servers"), logDir, log: console.error });
    const reconcile = createReconciler({
        endpoint: upstream,
        home: { accessKeyId: HOME_KEY, region },
        onServers: (specs) => {
            servers.reconcile(specs);
        },
        flowLogs: {
            python,
            dir: join(logDir, "flow-logs"),
            onError: (error) => {
                console.error(messageOf(error));
            },
        },
        onRebuilt: (error) => {
            console.error(`The network was rebuilt from nothing, because a change of it failed: ${messageOf(error)}`);
        },
    });
    const updateNames = names && keepNames(upstream, names);
    await startGateway({
        upstream,
        port,
        onChange: async (caller, action, parameters) => {
            await reconcile(caller, action, parameters);
            updateNames?.(caller).catch(onError);
        },
        onCall: logCalls(join(logDir, "calls")),
        onError,
    });
    reconcile().then(listen).catch(onError);
}

/** Returns a function that writes each distinct call to a file, as a line of JSON. */
function logCalls(file: string): (call: Answered) => void {
    const logged = new Set<string>();
    return (call) => {
        const line = `${JSON.stringify(call)}\n`;
        if (!logged.has(line)) {
            logged.add(line);
            appendFileSync(file, line);
        }
    };
}

/** Accepts connections and closes them: servers only need to reach the address. The sandbox's internet must exist by then. */
function listen(): Promise<void> {
    const repository = createServer((socket) => socket.on("error", () => undefined).end());
    return new Promise((resolve, reject) => {
        repository.on("error", reject).listen(REPOSITORY, resolve);
    });
}
