import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { terraformPluginDirs } from "../engine/find/machine.ts";
import { table } from "../lab/report.ts";

// Times the lab beside plain Terraform, which makes, extends and destroys the same AWS resources on the same emulator
// without any probe: each a command of its own from start to end, by turns, so that a noisy machine is noisy for both.

const { values } = parseArgs({ options: { runs: { type: "string", default: "1" } } });
const runs = Number(values.runs);
if (!Number.isInteger(runs) || runs < 1) {
    console.error(`--runs ${values.runs}: must be a whole number, at least 1`);
    process.exit(2);
}

const here = dirname(fileURLToPath(import.meta.url));
const start = join(here, "..", "start.mjs");

/** The Terraform side, inside the sandbox: provider and state stay in a folder of the sandbox's own. */
const terraform = `set -e
work=$(mktemp -d)
cp "$1" "$work"
cd "$work"
export TF_IN_AUTOMATION=1 TF_VAR_public_key="$(ssh-keygen -q -t ed25519 -N '' -f key && cat key.pub)"
for dir in $2; do
    if [ -d "$dir" ] && terraform init -input=false -plugin-dir="$dir"; then break; fi
done
terraform apply -auto-approve -input=false -var peering=false
terraform apply -auto-approve -input=false -var peering=true
terraform destroy -auto-approve -input=false -var peering=true`;

const yardstick = {
    name: "plain Terraform, no probe",
    args: ["shell", "sh", "-c", terraform, "sh", join(here, "main.tf"), terraformPluginDirs().join(" ")],
    seconds: [] as number[],
};
const lab = { name: "npm run lab, all probes", args: ["lab"], seconds: [] as number[] };

for (let run = 1; run <= runs; run++) {
    for (const { name, args, seconds } of [yardstick, lab]) {
        console.error(`run ${run} of ${runs}: ${name}`);
        const begin = performance.now();
        const { status, stdout, stderr } = spawnSync(process.execPath, [start, ...args], { encoding: "utf8" });
        if (status !== 0) {
            console.error(`${stdout}${stderr}\n${name}: exit code ${status ?? "none"}`);
            process.exit(1);
        }
        seconds.push((performance.now() - begin) / 1000);
    }
}

const median = (numbers: readonly number[]): number =>
    [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
const rows = [yardstick, lab].map(({ name, seconds }) => [
    name,
    `${median(seconds).toFixed(1)} s`,
    seconds.map((time) => time.toFixed(1)).join(", "),
]);
console.log(table([["", "median", "all"], ...rows]));
console.log(`the lab takes ${(median(lab.seconds) / median(yardstick.seconds)).toFixed(2)} of Terraform's time`);
