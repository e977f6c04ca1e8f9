import { mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { SandboxContext } from "../../context.ts";
import type { End } from "./findings.ts";
import { PuzzleFiles } from "./progress.ts";

/**
 * Makes the commands of a puzzle's shell, in a folder of the run. Returns the environment that has them before all others, and
 * the files that they share with the puzzle.
 */
export function makeCommands(
    { runDir, checkout, endpoint, region, env }: SandboxContext,
    ends: readonly [End, End],
): { readonly env: Record<string, string>; readonly files: PuzzleFiles } {
    const folder = join(runDir, "puzzle");
    mkdirSync(folder);
    const make = (name: string, command: string) => {
        writeFileSync(join(folder, name), `#!/bin/sh\nexec ${command}\n`, { mode: 0o755 });
    };
    const tell = `'${process.execPath}' --disable-warning=ExperimentalWarning '${join(import.meta.dirname, "tell.ts")}'`;
    for (const name of ["hint", "solution"]) {
        make(name, `${tell} ${name} '${folder}'`);
    }
    // Why packets don't pass is for the person to find out.
    make("check", `ts-node '${join(checkout, "commands/check.ts")}' --no-why`);
    const files = new PuzzleFiles(folder);
    const [one, two] = ends;
    const endOf = ({ label, vpcId, serverId }: End): End => ({ label, vpcId, serverId });
    files.begin({ endpoint, region, ends: [endOf(one), endOf(two)] });
    return { env: { ...env, PATH: [folder, env["PATH"]].join(delimiter) }, files };
}
