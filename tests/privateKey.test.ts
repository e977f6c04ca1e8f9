import * as assert from "assert";
import { spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { privateKeyProblem } from "../components/check/privateKey";

describe("privateKeyProblem", () => {
    let folder: string;
    beforeEach(() => {
        folder = fs.mkdtempSync(path.join(os.tmpdir(), "private-key-test-"));
    });
    afterEach(() => {
        fs.rmSync(folder, { recursive: true });
    });

    /** The file that OpenSSH writes. */
    function keyFile(passphrase: string, ...options: string[]): string {
        const file = path.join(folder, "key");
        const args = ["-q", "-N", passphrase, "-f", file, ...options];
        const { status, stderr } = spawnSync("ssh-keygen", args, { encoding: "utf8" });
        assert.strictEqual(status, 0, stderr);
        return file;
    }

    for (const form of [
        ["-t", "ed25519"],
        ["-t", "rsa", "-b", "2048"],
        ["-t", "rsa", "-b", "2048", "-m", "PEM"],
        ["-t", "rsa", "-b", "2048", "-m", "PKCS8"],
    ]) {
        it(`knows whether a key of ssh-keygen ${form.join(" ")} has a passphrase`, () => {
            const file = keyFile("", ...form);
            const text = fs.readFileSync(file, "utf8");
            assert.strictEqual(privateKeyProblem(text), undefined);
            // As the settings keep it.
            assert.strictEqual(privateKeyProblem(text.trimEnd()), undefined);
            fs.rmSync(file);
            const locked = fs.readFileSync(keyFile("secret", ...form), "utf8");
            assert.match(privateKeyProblem(locked) ?? "", /^is protected by a passphrase, .*'ssh-add FILE'/);
        });
    }

    it("refuses what is not a private key, the public one too", () => {
        const publicKey = fs.readFileSync(`${keyFile("", "-t", "ed25519")}.pub`, "utf8");
        for (const text of ["", "key", publicKey]) {
            assert.match(privateKeyProblem(text) ?? "", /^is not a private key in OpenSSH or PEM form/);
        }
    });
});
