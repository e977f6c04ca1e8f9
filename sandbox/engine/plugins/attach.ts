import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { join } from "node:path";
import type { Engine } from "../engine.ts";

/** Plugins that run for many `pulumi` commands. */
export interface Providers {
    /** What makes `pulumi` attach to them. */
    readonly env: { readonly PULUMI_DEBUG_PROVIDERS: string };
    /** Ends them. */
    stop(): Promise<void>;
}

/**
 * Starts the sandbox's own plugins once, so that the commands to come need not wait for their start. `env` is what they see:
 * the endpoint and the credentials of the EC2 API. The vendor's plugins hold one configuration at a time, therefore each
 * command goes on to start those for itself.
 */
export async function startProviders(engine: Engine, env: NodeJS.ProcessEnv): Promise<Providers> {
    const plugins = engine.ownPlugins.map((name) => ({
        name,
        process: spawn(
            "setpriv",
            ["--pdeathsig", "TERM", process.execPath, join(import.meta.dirname, name, "plugin.ts")],
            {
                env: { ...env, ...engine.env },
                stdio: ["ignore", "pipe", "inherit"],
            },
        ),
    }));
    const ports = await Promise.all(plugins.map(async ({ name, process }) => `${name}:${await portOf(process, name)}`));
    return {
        env: { PULUMI_DEBUG_PROVIDERS: ports.join(",") },
        stop: async () => {
            await Promise.all(plugins.map(({ process }) => end(process)));
        },
    };
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

async function end(plugin: ChildProcess): Promise<void> {
    if (plugin.exitCode === null && plugin.signalCode === null) {
        const ended = new Promise((resolve) => plugin.once("exit", resolve));
        plugin.kill("SIGTERM");
        await ended;
    }
}
