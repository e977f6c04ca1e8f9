/**
 * What keeps a private key from being used without a person at hand, as a sentence's predicate with its remedy; undefined
 * where nothing does. PEM says in its header that it is encrypted (RFC 1421 and RFC 7468), and OpenSSH's own form has the
 * cipher's name after its magic (https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key).
 *
 * @param useAgent how to have the check use the SSH agent instead.
 */
export function privateKeyProblem(
    text: string,
    useAgent = "remove this setting, and run 'pulumi config set sshAgent true'",
): string | undefined {
    const [, kind, body = ""] = /-----BEGIN ((?:[A-Z0-9]+ )*)PRIVATE KEY-----([^]*)-----END /.exec(text) ?? [];
    if (kind === undefined) {
        return "is not a private key in OpenSSH or PEM form; give the file that 'ssh-keygen' wrote without '.pub', or that EC2 gave with the key pair";
    }
    const decoded = Buffer.from(body, "base64").toString("latin1");
    const [, cipher = "none"] = /^openssh-key-v1\0\0\0\0.([\w@.-]+?)\0/s.exec(decoded) ?? [];
    const isEncrypted = kind.startsWith("ENCRYPTED") || body.includes("Proc-Type: 4,ENCRYPTED") || cipher !== "none";
    return isEncrypted
        ? `is protected by a passphrase, which the check can't enter; load the key with 'ssh-add FILE', ${useAgent}`
        : undefined;
}
