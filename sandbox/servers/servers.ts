import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ServerSpec } from "../serverSpec.ts";

/** Where servers keep their disks and where their messages go. */
interface ServersOptions {
    /** Folder for their disks, which has to be on a tmpfs or another file system that can be an overlay's upper one. */
    readonly dir: string;
    /** Folder for their consoles, a file each. */
    readonly logDir: string;
    /** Called with messages for people. */
    readonly log: (line: string) => void;
}

/** The servers behind the running instances. */
export interface Servers {
    /** Starts the servers that are new in the list and ends those that are no longer in it; returns at once. */
    reconcile(specs: readonly ServerSpec[]): void;
}

/**
 * Runs one server for each instance, in the network namespace of the instance's name. A server that is stopped and started
 * again finds its disk as it was and does not run its user data a second time.
 */
export function createServers({ dir, logDir, log }: ServersOptions): Servers {
    const running = new Map<string, ChildProcess>();
    let wanted = new Map<string, ServerSpec>();
    mkdirSync(logDir, { recursive: true });

    const start = (spec: ServerSpec): void => {
        const { id, privateIp } = spec;
        const consoleFile = join(logDir, `${id}.log`);
        const machine = boot(spec, join(dir, id), consoleFile);
        running.set(id, machine);
        machine.once("exit", (code, signal) => {
            if (wanted.has(id) && !machine.stdin?.writableEnded) {
                // It stays in the list, because a server that can't run would restart forever.
                log(`Server ${id} (${privateIp}) ended with ${code ?? signal ?? ""}: ${consoleFile}`);
                return;
            }
            running.delete(id);
            // It may have been wanted again while it was ending.
            const next = wanted.get(id);
            if (next) {
                start(next);
            }
        });
    };

    const reconcile = (specs: readonly ServerSpec[]): void => {
        wanted = new Map(specs.map((spec) => [spec.id, spec]));
        for (const [id, machine] of running) {
            if (!wanted.has(id)) {
                // Its SSH server sees the end of its input and ends, and with it everything in the instance.
                machine.stdin?.end();
                if (machine.exitCode !== null || machine.signalCode !== null) {
                    running.delete(id);
                }
            }
        }
        specs.filter(({ id }) => !running.has(id)).forEach(start);
    };

    return { reconcile };
}

/** Starts an instance's first process, in namespaces of its own and out of reach of the terminal's signals. */
function boot(spec: ServerSpec, dir: string, consoleFile: string): ChildProcess {
    const { id, privateIp, publicKey, userData, nameServer, searchDomain } = spec;
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, "user-data"), userData, { mode: 0o600 });
    writeFileSync(join(dir, "resolv.conf"), `search ${searchDomain}\nnameserver ${nameServer}\n`);
    const namespaces = ["--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child"];
    const hostName = `ip-${privateIp.replaceAll(".", "-")}`;
    const here = import.meta.dirname;
    const machine = ["sh", join(here, "machine.sh"), dir, hostName, publicKey?.trim() ?? ""];
    const sshServer = [process.execPath, "--disable-warning=ExperimentalWarning", join(here, "sshServer.ts")];
    const console = openSync(consoleFile, "a");
    const child = spawn("nsenter", [`--net=/run/netns/${id}`, "unshare", ...namespaces, ...machine, ...sshServer], {
        detached: true,
        env: { PATH: process.env["PATH"], LAB_NODE: process.execPath },
        stdio: ["pipe", console, console],
    });
    closeSync(console);
    child.stdin?.on("error", () => undefined);
    return child;
}
