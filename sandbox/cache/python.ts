import { dirname, join } from "node:path";
import { isComplete, makeEntry, withLock } from "./cache.ts";
import { run } from "./process.ts";
import { cacheDir, runTool, showWork } from "./tool.mjs";

/** A program from the Python Package Index. */
export interface PythonProgram {
    /** Name of the program and of its folder in the cache. */
    readonly name: string;
    readonly version: string;
    /** Requirement specifier for pip. */
    readonly requirement: string;
    /** Description for people. */
    readonly what: string;
}

/** Path of the Python interpreter in the program's virtual environment. */
export function pythonOf({ name, version }: PythonProgram): string {
    return join(cacheDir(), name, version, "bin", "python3");
}

/** Whether the program is in the cache. */
export function isInstalled({ name, version }: PythonProgram): boolean {
    return isComplete(join(cacheDir(), name, version));
}

/** Installs a program into the cache, in a virtual environment of its own. Takes about a minute. */
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
                // Not bin/pip: that contains the path of the temporary folder, which is renamed afterwards.
                await runTool(name, [join(dir, "bin/python3"), "-m", "pip", "install", requirement]);
            }),
        );
    });
}
