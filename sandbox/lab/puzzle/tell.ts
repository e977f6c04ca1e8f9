/** `hint` and `solution`, the commands of a puzzle's shell: they analyze what the EC2 API describes now. */
import { QuestionError } from "../../../reachability/types.ts";
import { readSandbox } from "../why.ts";
import { findingsIn } from "./findings.ts";
import { hint, LAST_HINT, solution } from "./hints.ts";
import { PuzzleFiles } from "./progress.ts";

const [what, folder = ""] = process.argv.slice(2);
const files = new PuzzleFiles(folder);
const { endpoint, region, ends } = files.known;
try {
    const found = findingsIn(await readSandbox(endpoint, [region]), ends);
    const { progress } = files;
    if (what === "solution") {
        files.progress = { ...progress, solution: true };
        console.log(solution(found));
    } else {
        const hints = Math.min(progress.hints + 1, LAST_HINT);
        // A hint that tells nothing counts for nothing.
        if (found.findings.length > 0) {
            files.progress = { ...progress, hints };
        }
        console.log(hint(found, hints));
    }
} catch (error) {
    if (!(error instanceof QuestionError)) {
        throw error;
    }
    console.error(`${error.message} The puzzle needs the servers that it began with: \`exit\`, and start it again.`);
    process.exitCode = 1;
}
