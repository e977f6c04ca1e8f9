import ssh2 from "ssh2";

/** A fresh pair of ED25519 keys, in OpenSSH's form. */
export function generateKeyPair(comment = ""): { readonly public: string; readonly private: string } {
    for (;;) {
        const pair = ssh2.utils.generateKeyPairSync("ed25519", { comment });
        // One in 256 of ssh2's key pairs lacks a byte and can't be parsed (mscdex/ssh2 issue 1513).
        if (!(ssh2.utils.parseKey(pair.private) instanceof Error)) {
            return pair;
        }
    }
}
