import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { join } from "node:path";
import type { Engine } from "../engine.ts";

/** Plugins that run for many `pulumi` commands. */
export interface Providers {
    /** What makes `pulumi` attach to them. */
    readonly env: { readonly PULUMI_DEBUG_PROVIDERS: string };
}

/**
 * Starts the sandbox's own plugins once, so that the commands to come need not wait for their start. `env` is what they see:
 * the endpoint and the credentials of the EC2 API. The vendor's plugins hold one configuration at a time, therefore each
 * command goes on to start those for itself.
 */
export async function startProviders(engine: Engine, env: NodeJS.ProcessEnv): Promise<Providers> {
    const ports = engine.ownPlugins.map(async (name) => {
        const program = join(import.meta.dirname, name, "plugin.ts");
        const plugin = spawn("setpriv", ["--pdeathsig", "TERM", process.execPath, program], {
            env: { ...env, ...engine.env },
            stdio: ["ignore", "pipe", "inherit"],
        });
        return `${name}:${await portOf(plugin, name)}`;
    });
    return { env: { PULUMI_DEBUG_PROVIDERS: (await Promise.all(ports)).join(",") } };
}

function portOf(plugin: ChildProcess, name: string): Promise<string> {
    return new Promise((resolve, reject) => {
        plugin.once("error", reject);
        plugin.once("exit", () => {
            reject(new Error(`The ${name} plugin ended at once.`));
        });
        if (plugin.stdout) {
            createInterface(plugin.stdout).once("line", resolve);
        }
    });
}
