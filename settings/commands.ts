import { shellWord } from "pulumi-vpc-peering/rules";

/** The command that sets a value of the project's own; what follows `--path` says where it goes. */
export function setCommand(path: string, text: string): string {
    return `pulumi config set --path ${shellWord(path)} ${text.startsWith("-") ? "-- " : ""}${shellWord(text)}`;
}

/** The same for a secret value, which passes from command to command: `read` is what `pulumi config get` takes. */
export function setSecretCommand(path: string, read: string): string {
    return `pulumi config get ${read} | pulumi config set --secret --path ${shellWord(path)}`;
}

/** A command in a sentence, between quotes that it does not have itself if there are such. */
export function quoted(command: string): string {
    return command.includes("'") ? `"${command}"` : `'${command}'`;
}
