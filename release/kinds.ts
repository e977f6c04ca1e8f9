import { join } from "node:path";

/** A project that installs the package, as one of its users has it. */
export interface Kind {
    /** What it shows. */
    readonly title: string;
    /** The folder of `projects/` with its compiler's settings. */
    readonly base: "template" | "commonjs" | "nodenext";
    /** Versions of what it installs besides the package. */
    readonly versions: Readonly<Record<string, string>>;
    /** Whether it has `@pulumi/command`, without which there is no check. */
    readonly checks: boolean;
}

/** The oldest and the newest version of everything, and what lies between as Pulumi's template asks for it. */
export const kinds: Readonly<Record<string, Kind>> = {
    template: {
        title: "Pulumi's aws-typescript template",
        base: "template",
        versions: { "@pulumi/pulumi": "^3.259.0", "@pulumi/aws": "^7.0.0", typescript: "^5.0.0" },
        checks: false,
    },
    commonjs: {
        title: "CommonJS with a strict compiler",
        base: "commonjs",
        versions: { "@pulumi/pulumi": "3.259.0", "@pulumi/aws": "7.48.0", typescript: "5.9.3" },
        checks: false,
    },
    nodenext: {
        title: "ES modules by Node's rules",
        base: "nodenext",
        versions: {
            "@pulumi/pulumi": "3.259.0",
            "@pulumi/aws": "7.48.0",
            "@pulumi/command": "1.2.1",
            typescript: "5.9.3",
        },
        checks: true,
    },
    oldest: {
        title: "the oldest versions",
        base: "template",
        versions: {
            "@pulumi/pulumi": "3.218.0",
            "@pulumi/aws": "7.2.0",
            "@pulumi/command": "1.0.0",
            typescript: "5.0.2",
            "@types/node": "20.19.0",
        },
        checks: true,
    },
    newest: {
        title: "the newest versions",
        base: "commonjs",
        versions: { "@pulumi/pulumi": "^3", "@pulumi/aws": "^7", "@pulumi/command": "^1", typescript: "^5" },
        checks: true,
    },
};

/** The folder of an installed project. */
export function folderOf(name: string): string {
    return join(import.meta.dirname, "installed", name);
}

/** The copy of the template that takes the package from where it is packed. */
export const template = folderOf("template-copy");

/** The two projects of the upgrade: with the package of the version before, and with this one. */
export const upgrade = { before: folderOf("upgrade-before"), now: folderOf("upgrade-now") };
