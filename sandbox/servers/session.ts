import { spawn, type ChildProcess } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { PseudoTtyInfo, ServerChannel, Session } from "ssh2";

/** The user, the client and the instance of a session. */
interface SessionOptions {
    /** The instance's root file system. */
    readonly root: string;
    readonly user: string;
    /** The client's address and port. */
    readonly client: string;
}

/**
 * Serves one session: a command or a login shell, with a terminal if the client asks for one. Its processes are the
 * instance's root under the user's name, since a sandbox without root has no second user.
 */
export function serveSession(session: Session, options: SessionOptions): void {
    let size: PseudoTtyInfo | undefined;
    let terminal: string | undefined;
    let child: ChildProcess | undefined;
    const signal = (name: NodeJS.Signals): void => {
        if (child?.pid !== undefined && child.exitCode === null && child.signalCode === null) {
            // The whole group: what the shell started goes with it.
            process.kill(-child.pid, name);
        }
    };
    const run = (channel: ServerChannel, command: string | undefined): void => {
        child = start(options, size, command);
        const slave = child.stdio[3] as Readable | null;
        slave?.on("data", (path: Buffer) => (terminal = join(options.root, path.toString().trim())));
        connect(child, channel);
        channel.on("close", () => {
            signal("SIGHUP");
        });
    };
    session.on("pty", (accept, _, info) => {
        size = info;
        accept();
    });
    session.on("window-change", (accept, _, { rows, cols }) => {
        if (terminal !== undefined) {
            spawn("stty", ["-F", terminal, "rows", `${rows}`, "cols", `${cols}`], { stdio: "ignore" });
        }
        // Despite its type, accept is undefined when the client wants no reply.
        (accept as (() => void) | undefined)?.();
    });
    session.on("signal", (accept, _, { name }) => {
        const known = `SIG${name}` as NodeJS.Signals;
        if (known in constants.signals) {
            signal(known);
        }
        (accept as (() => void) | undefined)?.();
    });
    session.on("shell", (accept) => {
        run(accept(), undefined);
    });
    session.on("exec", (accept, _, { command }) => {
        run(accept(), command);
    });
}

function start({ root, user, client }: SessionOptions, size: PseudoTtyInfo | undefined, command?: string) {
    const home = `/home/${user}`;
    const env = {
        HOME: home,
        USER: user,
        LOGNAME: user,
        SHELL: "/bin/bash",
        PATH: "/usr/local/bin:/usr/bin:/usr/local/sbin:/usr/sbin",
        LANG: "C.UTF-8",
        SSH_CLIENT: client,
        // A terminal's shell gets its command this way, so that it needs no quoting.
        ...(command === undefined ? {} : { SSH_ORIGINAL_COMMAND: command }),
        ...(size && { TERM: size.term }),
    };
    const login = command === undefined ? "exec bash -l" : 'exec bash -c "$SSH_ORIGINAL_COMMAND"';
    // script makes the terminal; its name goes out on descriptor 3, so that the window's size can follow the client's.
    const inTerminal = `tty >&3; exec 3>&-; stty rows ${size?.rows ?? 0} cols ${size?.cols ?? 0}; ${login}`;
    const argv = size ? ["script", "-qefc", inTerminal, "/dev/null"] : ["bash", "-c", login];
    return spawn("chroot", [root, "env", "-C", home, ...argv], {
        env,
        detached: true,
        stdio: ["pipe", "pipe", "pipe", size ? "pipe" : "ignore"],
    });
}

/** Ties a process to the client's channel: input, output, and how it ended. */
function connect(child: ChildProcess, channel: ServerChannel): void {
    const { stdin, stdout, stderr } = child;
    if (stdin && stdout && stderr) {
        channel.pipe(stdin);
        stdout.pipe(channel, { end: false });
        stderr.pipe(channel.stderr, { end: false });
        // A program that does not read its input is not an error, nor is a client that has disconnected.
        stdin.on("error", () => undefined);
    }
    channel.on("error", () => undefined);
    child.on("error", (error) => {
        channel.stderr.write(`${error.message}\n`);
        channel.exit(255);
        channel.end();
    });
    child.on("close", (code, signal) => {
        if (signal) {
            channel.exit(signal.replace("SIG", ""));
        } else {
            channel.exit(code ?? 255);
        }
        channel.end();
    });
}
