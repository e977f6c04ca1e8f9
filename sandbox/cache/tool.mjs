/**
 * Runs tools such as npm, pip and go: their output goes to a log file, and people see the progress.
 * Plain JavaScript for Node 20, because it runs before the packages are installed.
 */
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { clearInterval, setInterval } from "node:timers";

const { stderr } = process;

/** @type {Map<string, { start: number, expected?: number, doing?: string }>} */
const works = new Map();
let drawnLines = 0;

/**
 * Path of the folder outside the checkout for builds and downloads that are kept between runs:
 * `$VPC_PEERING_LAB_CACHE`, else `$XDG_CACHE_HOME/vpc-peering-lab`, else `~/.cache/vpc-peering-lab`.
 */
export function cachePath() {
    const { VPC_PEERING_LAB_CACHE, XDG_CACHE_HOME } = process.env;
    return VPC_PEERING_LAB_CACHE || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "vpc-peering-lab");
}

/** The folder at {@link cachePath}, which is made if it is not there. */
export function cacheDir() {
    const dir = cachePath();
    mkdirSync(dir, { recursive: true });
    return dir;
}

/**
 * Runs a tool to completion. Its output goes to `logs/<name>.log` in the cache; if it fails, the error names that file.
 * The tool is terminated when this process ends.
 *
 * @param {string} name
 * @param {readonly string[]} command
 * @param {{ cwd?: string, env?: Readonly<Record<string, string>> }} [options]
 */
export async function runTool(name, command, { cwd, env } = {}) {
    const logs = join(cacheDir(), "logs");
    mkdirSync(logs, { recursive: true });
    const file = join(logs, `${name}.log`);
    const log = openSync(file, "w");
    const tool = spawn("setpriv", ["--pdeathsig", "TERM", ...command], {
        cwd,
        env: { ...process.env, ...env },
        stdio: ["ignore", log, log],
    });
    closeSync(log);
    /** @type {number | string | null} */
    const end = await new Promise((resolve, reject) => {
        tool.once("error", reject).once("exit", (code, signal) => {
            resolve(code ?? signal);
        });
    });
    if (end !== 0) {
        const last = readFileSync(file, "utf8").trim().split("\n").slice(-15).join("\n");
        throw new Error(`${command.join(" ")} ended with ${String(end)}. The end of ${file}:\n${last}`);
    }
}

/**
 * Shows progress until the work is done: on a terminal as a line that is rewritten in place, elsewhere as a line at the
 * start, at the end and every minute in between. `expected` is the expected time in seconds.
 *
 * @template T
 * @param {string} title
 * @param {number} expected
 * @param {() => Promise<T>} work
 */
export async function showWork(title, expected, work) {
    const start = Date.now();
    const show = () => {
        if (stderr.isTTY) {
            draw();
        } else {
            say(lineOf(title));
        }
    };
    works.set(title, { start, expected });
    show();
    const timer = setInterval(show, stderr.isTTY ? 1000 : 60_000);
    try {
        const result = await work();
        works.delete(title);
        say(`${title}: done in ${duration(Date.now() - start)}`);
        return result;
    } finally {
        clearInterval(timer);
        works.delete(title);
        draw();
    }
}

/**
 * Shows on a terminal, until it ends, that something goes on: a line that is rewritten in place, with the time that has passed
 * and what is being done. Elsewhere it shows nothing.
 *
 * @param {string} title
 */
export function liveLine(title) {
    const work = { start: Date.now(), doing: "" };
    works.set(title, work);
    draw();
    const timer = setInterval(draw, 1000);
    return {
        /** @param {string} doing */
        update(doing) {
            work.doing = doing;
            draw();
        },
        end() {
            clearInterval(timer);
            works.delete(title);
            draw();
        },
    };
}

/**
 * Prints a line to standard error, above the progress lines.
 *
 * @param {string} line
 */
export function say(line) {
    erase();
    console.error(line);
    draw();
}

function erase() {
    if (drawnLines > 0) {
        stderr.moveCursor(0, -drawnLines);
        stderr.cursorTo(0);
        stderr.clearScreenDown();
        drawnLines = 0;
    }
}

function draw() {
    erase();
    if (stderr.isTTY) {
        for (const title of works.keys()) {
            // A wrapped line would occupy two rows, of which only one is erased.
            stderr.write(`${lineOf(title).slice(0, stderr.columns - 1)}\n`);
            drawnLines++;
        }
    }
}

/** @param {string} title */
function lineOf(title) {
    const { start, expected, doing } = works.get(title) ?? { start: 0 };
    const passed = Date.now() - start;
    if (expected === undefined) {
        return `${title}: ${[duration(passed), doing].filter(Boolean).join(", ")}`;
    }
    const left = expected * 1000 - passed;
    const estimate = left > 0 ? `about ${duration(left)} left` : "longer than usual";
    return `${title}: ${passed < 1000 ? "" : `${duration(passed)}, `}${estimate}`;
}

/** @param {number} milliseconds */
function duration(milliseconds) {
    const seconds = Math.round(milliseconds / 1000);
    return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
