import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SandboxContext } from "../context.ts";

/** What of a sandbox can be told to another process. */
type Told = Omit<SandboxContext, "ending" | "log">;

/** The folder of a run's own files, which only its namespace sees. */
export const RUN_DIR = "/run/vpc-peering-lab";

const FILE = join(RUN_DIR, "context.json");

/** Keeps the context for other terminals. It has the passphrase of the run's stack, so only the user may read it. */
export function saveContext({ ending: _, log: __, ...told }: SandboxContext): void {
    writeFileSync(FILE, JSON.stringify(told), { mode: 0o600 });
}

export function loadContext(): Told {
    return JSON.parse(readFileSync(FILE, "utf8")) as Told;
}
