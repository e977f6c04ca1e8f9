import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** How the programs of a page are tested. */
export interface Tested {
    /** How many programs the page has. */
    readonly programs: number;
    /** What they do, by its title; each test is called with all of them, in the order of the page. */
    readonly tests: Readonly<Record<string, (...programs: string[]) => Promise<void>>>;
}

/** Pages, by their paths. */
export type Pages = Readonly<Record<string, Tested>>;

/** The pages that tell users of the package what to write. */
export const pages: readonly string[] = [
    "README.md",
    "components/README.md",
    "docs/own-stack.md",
    ...readdirSync("docs/package").map((file) => join("docs/package", file)),
];

/** The programs of a page by their files, in order: its blocks of TypeScript, some with a file's name in the line before. */
export function filesOf(page: string): Record<string, string> {
    const blocks = readFileSync(page, "utf8").matchAll(/(?:`([\w.]+\.ts)`:\n\n)?```ts\n(.+?)```/gs);
    return Object.fromEntries(
        [...blocks].map(([, file, code = ""], index): [string, string] => [file ?? `program${index + 1}.ts`, code]),
    );
}

/** The programs of a page, in order. */
export function programsOf(page: string): string[] {
    return Object.values(filesOf(page));
}

/** The outputs that a page shows, in order: the lines of its blocks of text. */
export function outputsOf(page: string): string[][] {
    const blocks = readFileSync(page, "utf8").matchAll(/```text\n(.+?)```/gs);
    return [...blocks].map(([, text = ""]) => text.split("\n").filter((line) => line !== ""));
}

/** Those lines that an output does not have, where `…` stands for anything, and the output may break lines elsewhere. */
export function missingFrom(output: string, lines: readonly string[]): string[] {
    const text = output.replaceAll(/\s+/g, " ");
    return lines.filter((line) => {
        const parts = line.trim().replaceAll(/\s+/g, " ").split("…");
        const quoted = parts.map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
        return !new RegExp(quoted.join(".*")).test(text);
    });
}
