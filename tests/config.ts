import { generateKeyPairSync } from "crypto";
import type { Problem } from "../components/problems";

/** The least that a configuration has to say. */
export const sshPublicKey = `ssh-ed25519 ${"A".repeat(68)} me@here`;
/** A private key in PEM form, with a passphrase if there is one. */
export function privateKey(passphrase?: string): string {
    const encryption = passphrase === undefined ? {} : { cipher: "aes-256-cbc", passphrase };
    return generateKeyPairSync("ed25519", {
        publicKeyEncoding: { type: "spki", format: "pem" },
        privateKeyEncoding: { type: "pkcs8", format: "pem", ...encryption },
    }).privateKey;
}

export const enough = { sshPublicKey, sshAgent: "true", sshCidrs: '["203.0.113.7/32"]' };

/** Values by setting, as `pulumi config set` takes them; those of a side by path: `requester.region`. */
export type Change = Readonly<Record<string, string>>;

/** The configuration as the engine passes it: a side's settings are one value, which is JSON. */
export function config(change: Change = {}): Record<string, string> {
    const values: Record<string, string> = {};
    const sides: Record<string, Record<string, string>> = {};
    for (const [path, value] of Object.entries({ ...enough, ...change })) {
        const [side = "", key] = path.split(".");
        if (key === undefined) {
            values[path] = value;
        } else {
            sides[side] = { ...sides[side], [key]: value };
        }
    }
    return {
        ...values,
        ...Object.fromEntries(Object.entries(sides).map(([side, own]) => [side, JSON.stringify(own)])),
    };
}

/** The same in the project's namespace, as the program is given it. */
export function namespaced(change: Change = {}): Record<string, string> {
    return Object.fromEntries(Object.entries(config(change)).map(([key, value]) => [`vpc-peering-lab:${key}`, value]));
}

/** A problem in one line, its value without quotes. */
export function described({ path, value, message }: Problem): string {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return value === undefined ? `${path}: ${message}` : `${path} = ${text}: ${message}`;
}
