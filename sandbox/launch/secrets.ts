/**
 * Whether a settings file's secrets can be read with a passphrase. Pulumi finds out only when it has begun to make the stack, and
 * gives a file whose secrets are Pulumi Cloud's a salt, which that file's own stack can't be used with afterwards.
 */
import { createDecipheriv, pbkdf2Sync } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

/** What the settings file says of its encryption. */
interface Encryption {
    readonly secretsprovider?: string;
    readonly encryptionsalt?: string;
}

/** Why a passphrase can't read the secrets in the text of a settings file; undefined if it can, or if there is nothing to read. */
export function secretsProblem(text: string, passphrase: string): string | undefined {
    const file = parse(text) as Encryption | null;
    const { secretsprovider: provider = "passphrase", encryptionsalt: salt } = file ?? {};
    if (provider !== "passphrase") {
        return `its secrets are encrypted by ${provider}, which can't be reached from a sandbox`;
    }
    if (salt !== undefined) {
        return opens(salt, passphrase)
            ? undefined
            : "its secrets are encrypted with another passphrase than the sandbox's; if you know it, run 'read -rs PULUMI_CONFIG_PASSPHRASE && export PULUMI_CONFIG_PASSPHRASE', enter it, and try again";
    }
    return JSON.stringify(file).includes('{"secure":')
        ? "its secrets are encrypted by Pulumi Cloud, which can't be reached from a sandbox"
        : undefined;
}

/** Whether it is the passphrase of a salt: `v1:SALT:v1:NONCE:TEXT`, whose text is the word "pulumi", encrypted by AES-256-GCM. */
function opens(salt: string, passphrase: string): boolean {
    const [bytes, nonce, text] = [1, 3, 4].map((part) => Buffer.from(salt.split(":")[part] ?? "", "base64"));
    if (!bytes || !nonce || !text) {
        return false;
    }
    try {
        const key = pbkdf2Sync(passphrase, bytes, 1_000_000, 32, "sha256");
        const decipher = createDecipheriv("aes-256-gcm", key, nonce).setAuthTag(text.subarray(-16));
        return Buffer.concat([decipher.update(text.subarray(0, -16)), decipher.final()]).toString() === "pulumi";
    } catch {
        return false;
    }
}

/** The error for a Pulumi command that names stacks, for the first whose settings file in this folder can't be read. */
export function refusal(folder: string, args: readonly string[], passphrase: string): string | undefined {
    for (const arg of args) {
        const name = `Pulumi.${arg.replace(/^--stack=/, "").replace(/.*\//, "")}.yaml`;
        const file = join(folder, name);
        const problem = existsSync(file) ? secretsProblem(readFileSync(file, "utf8"), passphrase) : undefined;
        if (problem !== undefined) {
            return `${name}: ${problem}. Or use a stack with settings of its own, as in 'pulumi stack init sandbox'. Nothing was changed.`;
        }
    }
    return undefined;
}
