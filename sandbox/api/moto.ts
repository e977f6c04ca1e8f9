import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../cache/process.ts";
import { install, isInstalled, pythonOf, type PythonProgram } from "../cache/python.ts";

/** The command that starts an EC2 API emulator, without its options. */
export type Moto = readonly string[];

/** The version that is installed if the machine has none, with the extras that the lab needs. */
const version = "5.2.1";
const moto: PythonProgram = {
    name: "moto",
    version,
    requirement: `moto[ec2,ssm,sts,iam,server]==${version}`,
    what: "the EC2 API emulator",
};

/** The script that starts the server. */
const server = join(import.meta.dirname, "motoServer.py");

/** Fails unless this or a later version of the same major version is installed with the server extra. Does not import moto. */
const probe = `from importlib.metadata import version
version("flask-cors")
assert [${version.replaceAll(".", ", ")}] <= [int(part) for part in version("moto").split(".")[:3]] < [6]`;

/** Its port, which nothing else in the sandbox's own network uses. */
const port = 6686;

/** Finds moto on the machine, or installs it into the cache, which takes about a minute. */
export async function prepareMoto(log: (line: string) => void): Promise<Moto> {
    if (!isInstalled(moto)) {
        try {
            await run("python3", ["-c", probe]);
            return ["python3", server];
        } catch {
            // Not installed, or a version that does not match.
            await install(moto, log);
        }
    }
    return [pythonOf(moto), server];
}

/** Starts moto on the loopback interface and waits until it responds. It is killed when this process ends; its log goes to a file. */
export async function startMoto(command: Moto, logFile: string): Promise<{ endpoint: string }> {
    const log = openSync(logFile, "a");
    const child = spawn("setpriv", ["--pdeathsig", "KILL", ...command, "-H", "127.0.0.1", "-p", `${port}`], {
        stdio: ["ignore", log, log],
    });
    closeSync(log);
    const endpoint = `http://127.0.0.1:${port}`;
    for (let tries = 0; tries < 300 && child.exitCode === null; tries++) {
        try {
            await fetch(`${endpoint}/moto-api/`);
            return { endpoint };
        } catch {
            await sleep(100);
        }
    }
    throw new Error(`moto, the EC2 API emulator, did not start; see its log, ${logFile}`);
}
