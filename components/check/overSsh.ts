/**
 * Runs the script on its standard input in a bash on a server, over this machine's OpenSSH. The server is `user@address`, its
 * `$0`. It tries to log in until `CHECK_LIMIT` seconds are over, and then ends, whatever the server does or does not do. A
 * login that is refused is tried again for 20 seconds, or a third of the limit if that is less: cloud-init installs the key in its
 * network stage, and an image may start sshd before that (https://docs.cloud-init.io/en/latest/explanation/boot.html).
 *
 * `CHECK_PROXY_COMMAND` is OpenSSH's ProxyCommand, a way to a server that has no public one.
 *
 * A private key in `CHECK_PRIVATE_KEY` goes into the SSH agent that this runs under and nowhere else, and then neither the
 * user's own agent nor their SSH configuration counts. Without it they do.
 *
 * When `pulumi up` is cancelled, the plugin kills this process and no other, so a watcher ends the rest, and all of it when
 * the plugin is gone. It keeps to bash 3.2 and BSD's tools, which macOS has: no `timeout`, no `wait -n`.
 */
const program = `set -u
script=$(cat)
options=(
    -T -E /dev/stdout -o LogLevel=ERROR -o BatchMode=yes -o ControlPath=none
    -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null
    -o ConnectTimeout=5 -o ServerAliveInterval=5 -o ServerAliveCountMax=2
)
if [ -n "\${CHECK_PROXY_COMMAND-}" ]; then
    options+=(-o "ProxyCommand=$CHECK_PROXY_COMMAND")
fi
patience=$((CHECK_LIMIT / 3 < 20 ? CHECK_LIMIT / 3 : 20))
agent=
look="whether 'ssh-add -l' lists the key of the server's key pair (sshPublicKey or keyName)"
if [ -n "\${CHECK_PRIVATE_KEY-}" ]; then
    agent=$SSH_AGENT_PID
    trap 'kill "$agent"' EXIT
    key=$CHECK_PRIVATE_KEY
    unset CHECK_PRIVATE_KEY
    look="the private key (sshPrivateKeyPath or sshPrivateKey): it has to belong to the server's key pair (sshPublicKey or keyName)"
    # An empty passphrase is the answer if it asks for one.
    if ! said=$(printf '%s\\n' "$key" | DISPLAY=: SSH_ASKPASS=false SSH_ASKPASS_REQUIRE=force ssh-add - 2>&1); then
        echo "OpenSSH can't use the private key (sshPrivateKeyPath or sshPrivateKey): $said. It has to be one without a passphrase; with one, load it with ssh-add and turn on sshAgent instead" >&2
        exit 1
    fi
    options+=(-F none -o IdentityFile=none)
fi

refused() {
    echo "$CHECK_LABEL's server refuses the login: $1. Look at $look" >&2
    exit 1
}

# ssh's own errors come on standard output, to tell them from the script's, which prints one line there at its end. The
# script gets a limit of its own, because it goes on if the connection breaks. It ends two seconds after the watcher does.
attempts() {
    local said status last= denied=
    while :; do
        said=$(printf '%s\\n' "$script" | ssh "\${options[@]}" "$0" "bash -s $((CHECK_LIMIT - SECONDS + 2))")
        status=$?
        said=\${said//$'\\r'/}
        if (( status != 255 )); then
            printf '%s\\n' "\${said##*$'\\n'}"
            exit $((status != 0))
        fi
        case "$said" in
        *"Permission denied"*)
            denied=\${denied:-$SECONDS}
            (( SECONDS - denied < patience )) || refused "$said"
            ;;
        *"Too many authentication failures"*)
            refused "$said"
        esac
        [ "$said" = "$last" ] || echo "$CHECK_LABEL's server: \${said:-the connection ended before the script did}" >&2
        last=$said
        sleep 0.3
    done
}

watch() {
    sleep "$CHECK_LIMIT" &
    while kill -0 $$ && kill -0 "$PPID" && kill -0 "$!"; do
        sleep 0.2
    done
    kill -- "-$work"
    [ -z "$agent" ] || kill -0 $$ || kill "$agent"
    kill 0
}

# Job control makes each of the two a process group, which can be ended as a whole.
set -m
attempts < /dev/null &
work=$!
watch < /dev/null > /dev/null 2>&1 &
watcher=$!
set +m
wait "$work"
status=$?
kill -- "-$watcher" 2> /dev/null
if (( status > 1 )); then
    echo "$CHECK_LABEL's server: not done after $CHECK_LIMIT s. If it did not answer, look at whether it runs, and at whether its security group lets in SSH from this machine (sshCidrs). On a company's account VPC Block Public Access, a service control policy, or a proxy or firewall on the way may stop it too; sshProxyCommand (ssh.proxyCommand) is a way in without a public address" >&2
    exit 1
fi
exit "$status"
`;

/** The interpreter of a `local.Command` whose command is `user@address`, and whose standard input is a script to run there. */
export function overSsh(hasPrivateKey: boolean): string[] {
    // Bash takes a socket as its standard input for a login from another machine, and would read the user's ~/.bashrc.
    return [...(hasPrivateKey ? ["ssh-agent"] : []), "bash", "--norc", "-c", program];
}

/** How {@link overSsh} logs in. */
export interface OverSsh<Text> {
    readonly privateKey: Text | undefined;
    readonly proxyCommand: Text | undefined;
}

/** The environment that {@link overSsh} reads: the server's name in messages, how long it tries in seconds, and how it logs in. */
export function overSshEnvironment<Text>(label: string, limit: number, { privateKey, proxyCommand }: OverSsh<Text>) {
    return {
        CHECK_LABEL: label,
        CHECK_LIMIT: String(limit),
        ...(privateKey !== undefined && { CHECK_PRIVATE_KEY: privateKey }),
        ...(proxyCommand !== undefined && { CHECK_PROXY_COMMAND: proxyCommand }),
    };
}
