/**
 * Faults in the middle of the lab, a cell each, in a sandbox of its own: `npm run test:faults`, with `-- --list` for the cells,
 * `--only NAME` for those whose name matches this regular expression, and `--jobs N` for how many run at a time (2 by default).
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { messageOf } from "../../cache/process.ts";
import { table } from "../../lab/report.ts";
import { cells, type Cell } from "./cells.ts";
import { Drill } from "./drill.ts";

const { values } = parseArgs({
    options: {
        list: { type: "boolean" },
        only: { type: "string", default: "" },
        jobs: { type: "string", default: "2" },
        /** Used by this program itself, in the sandbox. */
        inside: { type: "string" },
    },
});

/** Plays a cell in a sandbox of its own; returns why it failed, or undefined. */
async function inSandbox({ name }: Cell): Promise<string | undefined> {
    const start = join(import.meta.dirname, "../../start.mjs");
    const inner = [process.execPath, "--disable-warning=ExperimentalWarning", import.meta.filename, "--inside", name];
    const command = ["--pdeathsig", "TERM", process.execPath, start, "shell", ...inner];
    const child = spawn("setpriv", command, { stdio: ["ignore", "pipe", "pipe"] });
    const [code, out, error] = await Promise.all([
        new Promise<number | null>((resolve) => child.on("exit", resolve)),
        text(child.stdout),
        text(child.stderr),
    ]);
    return code === 0 ? undefined : `${out}${error}`;
}

async function inside(name: string): Promise<number> {
    try {
        const drill = await Drill.start();
        await cells.find((cell) => cell.name === name)?.play(drill);
        drill.checkState();
        return 0;
    } catch (error) {
        console.log(messageOf(error));
        return 1;
    }
}

async function main(): Promise<number> {
    if (values.inside !== undefined) {
        return inside(values.inside);
    }
    const chosen = cells.filter(({ name }) => new RegExp(values.only).test(name));
    if (chosen.length === 0) {
        console.error(`--only ${values.only}: matches no name; --list shows them`);
        return 2;
    }
    if (values.list) {
        console.log(table(chosen.map(({ name, does }) => [name, does])));
        return 0;
    }
    const width = Math.max(...chosen.map(({ name }) => name.length));
    const rest = [...chosen];
    let failed = 0;
    const worker = async (): Promise<void> => {
        for (let cell = rest.shift(); cell; cell = rest.shift()) {
            const start = performance.now();
            const why = await inSandbox(cell);
            const seconds = Math.round((performance.now() - start) / 1000);
            console.log(
                `${cell.name.padEnd(width)}  ${why === undefined ? "ok    " : "FAILED"}  ${seconds} s  ${cell.does}`,
            );
            if (why !== undefined) {
                failed++;
                console.log(why.trimEnd().replace(/^/gm, "    "));
            }
        }
    };
    await Promise.all(Array.from({ length: Number(values.jobs) }, worker));
    console.log(`${chosen.length - failed} passed, ${failed} failed`);
    return failed === 0 && chosen.length > 0 ? 0 : 1;
}

process.exit(await main());
