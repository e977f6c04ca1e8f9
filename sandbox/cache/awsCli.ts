import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { run } from "./process.ts";
import { install, isInstalled, pythonOf, type PythonProgram } from "./python.ts";

const awscli: PythonProgram = {
    name: "awscli",
    version: "1.46.3",
    requirement: "awscli==1.46.3",
    what: "the AWS CLI, which some acts use",
};

/** Installs the AWS CLI into the cache if PATH has none. Returns the folder to add to PATH, or undefined if none is needed. */
export async function prepareAwsCli(log: (line: string) => void): Promise<string | undefined> {
    if (!isInstalled(awscli)) {
        try {
            await run("aws", ["--version"]);
            return undefined;
        } catch {
            await install(awscli, log);
        }
    }
    const python = pythonOf(awscli);
    const folder = join(dirname(dirname(python)), "command");
    mkdirSync(folder, { recursive: true });
    // Atomically, because another run may be starting it.
    const unfinished = join(folder, `aws.${process.pid}`);
    writeFileSync(unfinished, `#!/bin/sh\nexec '${python}' -m awscli "$@"\n`, { mode: 0o755 });
    renameSync(unfinished, join(folder, "aws"));
    return folder;
}
