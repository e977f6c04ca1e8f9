import { dirname, join } from "node:path";
import { isComplete, makeEntry, withLock } from "./cache.ts";
import { run } from "./process.ts";
import { cacheDir, runTool, showWork } from "./tool.mjs";

/** A program of the Python Package Index. */
export interface PythonProgram {
    /** Its name, and that of its folder in the cache. */
    readonly name: string;
    readonly version: string;
    /** What is to be installed, as pip takes it. */
    readonly requirement: string;
    /** What it is, for people. */
    readonly what: string;
}

/** Where a program has its own Python, with itself in it. */
export function pythonOf({ name, version }: PythonProgram): string {
    return join(cacheDir(), name, version, "bin", "python3");
}

/** Whether it is in the cache. */
export function isInstalled({ name, version }: PythonProgram): boolean {
    return isComplete(join(cacheDir(), name, version));
}

/** Installs a program into the cache, in an environment of its own, which takes a minute once. */
export async function install(program: PythonProgram, log: (line: string) => void): Promise<void> {
    const { name, version, requirement, what } = program;
    const entry = join(cacheDir(), name, version);
    await withLock(dirname(entry), log, async () => {
        if (isInstalled(program)) {
            return;
        }
        await showWork(`installing ${name} ${version}, ${what}`, 45, () =>
            makeEntry(entry, async (dir) => {
                try {
                    await run("python3", ["-m", "venv", dir]);
                } catch (error) {
                    throw new Error(
                        `${name} needs Python 3 with venv. On Debian: apt-get install python3 python3-venv, then run this again.`,
                        { cause: error },
                    );
                }
                // By module, not by bin/pip: that has the folder's first name in it, and the folder is renamed when all is well.
                await runTool(name, [join(dir, "bin/python3"), "-m", "pip", "install", requirement]);
            }),
        );
    });
}
