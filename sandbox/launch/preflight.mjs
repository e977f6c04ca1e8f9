/**
 * Checks the machine's requirements before anything else runs. Plain JavaScript for Node 20, because it runs before the
 * packages are installed.
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { runTool, showWork } from "../cache/tool.mjs";

/** Required programs and the Debian packages that contain them. */
const packageOf = {
    bash: "bash",
    curl: "curl",
    flock: "util-linux",
    hostname: "hostname",
    ip: "iproute2",
    mount: "mount",
    nft: "nftables",
    nsenter: "util-linux",
    ping: "iputils-ping",
    script: "bsdutils",
    setpriv: "util-linux",
    ssh: "openssh-client",
    tcpdump: "tcpdump",
    unshare: "util-linux",
};

const isRoot = process.getuid?.() === 0;

/** Options with which `unshare` creates the sandbox's namespaces; without root, they include a user namespace. */
export const namespaceOptions = [
    ...(isRoot ? [] : ["--map-root-user"]),
    "--mount",
    "--net",
    "--ipc",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
];

/** Uses each kernel feature that the sandbox needs once, in temporary namespaces. */
const trial = `set -e
mount -t tmpfs tmpfs /run
mkdir /run/netns /run/upper /run/work /run/usr
mount -t overlay overlay -o lowerdir=/usr,upperdir=/run/upper,workdir=/run/work /run/usr
ip netns add trial
ip link add name veth0 type veth peer name veth1 netns trial
nft add table ip trial`;

/**
 * Throws one error that lists everything the machine lacks, each with the command that corrects it. As root on Debian, it
 * installs missing programs.
 */
export async function preflight() {
    if (process.platform !== "linux") {
        throw new Error(
            "The sandbox needs Linux namespaces, which this system does not have. Use a Linux machine or a virtual machine, such " +
                "as WSL 2 or Lima. `npm test` and `pulumi up` against AWS work here.",
        );
    }
    // Debian installs ip and nft in these folders, which are not on every user's PATH.
    process.env["PATH"] = [process.env["PATH"], "/usr/sbin", "/sbin"].join(delimiter);
    let missing = missingPrograms();
    /** @type {string[]} */
    const problems = [];
    if (missing.length > 0 && isRoot && existsSync("/etc/debian_version") && onPath("apt-get")) {
        /** @type {unknown} */
        let failure;
        try {
            await install(packagesOf(missing));
        } catch (error) {
            failure = error;
        }
        missing = missingPrograms();
        if (failure instanceof Error && missing.length > 0) {
            problems.push(failure.message);
        }
    }
    problems.push(...missing.map((program) => `${program} is missing (Debian package ${packageOf[program]})`));
    if (missing.length > 0) {
        problems.push(`install the missing packages: sudo apt-get install ${packagesOf(missing).join(" ")}`);
    }
    if (!missing.includes("unshare")) {
        problems.push(...namespaceProblems(missing.length === 0));
    }
    if (problems.length > 0) {
        throw new Error(`The sandbox can't run on this machine yet:${problems.map((line) => `\n- ${line}`).join("")}`);
    }
}

/** @param {string} program */
function onPath(program) {
    return (process.env["PATH"] ?? "").split(delimiter).some((dir) => {
        try {
            accessSync(join(dir, program), constants.X_OK);
            return true;
        } catch {
            return false;
        }
    });
}

function missingPrograms() {
    return /** @type {(keyof typeof packageOf)[]} */ (Object.keys(packageOf)).filter((program) => !onPath(program));
}

/** @param {(keyof typeof packageOf)[]} programs */
function packagesOf(programs) {
    return [...new Set(programs.map((program) => packageOf[program]))];
}

/** @param {string[]} packages */
async function install(packages) {
    const apt = (/** @type {string} */ name, /** @type {string[]} */ ...args) =>
        runTool(name, ["apt-get", "--quiet", ...args], { env: { DEBIAN_FRONTEND: "noninteractive" } });
    await showWork(`installing the Debian packages ${packages.join(", ")}`, 20, async () => {
        try {
            await apt("apt-update", "update");
        } catch {
            // One of several sources may be unreachable; the packages may still be available.
        }
        await apt("apt-install", "install", "--yes", "--no-install-recommends", ...packages);
    });
}

/** @param {boolean} complete whether all programs that the trial needs are installed */
function namespaceProblems(complete) {
    const { status, stderr } = spawnSync("unshare", [...namespaceOptions, "sh", "-c", complete ? trial : "true"], {
        encoding: "utf8",
    });
    if (status === 0) {
        return [];
    }
    const remedies = isRoot
        ? ["start a container with --privileged", "on the machine itself: modprobe -a overlay veth nf_tables"]
        : [...sysctls(), "run it as root"];
    return [`the kernel does not allow the sandbox to create namespaces (${stderr.trim()}): ${remedies.join(", or ")}`];
}

/** Commands that turn off the settings by which distributions restrict user namespaces. */
function sysctls() {
    return [
        { name: "kernel.unprivileged_userns_clone", bad: "0", good: "1" },
        { name: "kernel.apparmor_restrict_unprivileged_userns", bad: "1", good: "0" },
        { name: "user.max_user_namespaces", bad: "0", good: "10000" },
    ]
        .filter(({ name, bad }) => {
            const file = `/proc/sys/${name.replaceAll(".", "/")}`;
            return existsSync(file) && readFileSync(file, "utf8").trim() === bad;
        })
        .map(({ name, good }) => `sudo sysctl -w ${name}=${good}`);
}
