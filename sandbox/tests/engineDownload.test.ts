import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
    cpSync,
    existsSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    rmSync,
    symlinkSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { run } from "../cache/process.ts";
import { prepareEngine } from "../engine/engine.ts";
import { pinnedVersion } from "../engine/versions.ts";
import { pulumiEnvironment } from "../launch/environment.ts";
import { checkout } from "../launch/install.mjs";
import { namespaceOptions } from "../launch/preflight.mjs";
import type { Fault, Outcome, Preparation } from "./world/vendor.ts";

const [cli, aws, command] = [pinnedVersion("pulumi"), pinnedVersion("aws"), pinnedVersion("command")];

/**
 * The vendor's installer, as far as the Automation API and the engine see it: its options, where it gets the archive from,
 * what it makes of it, and what it says when it can't. Source: pulumi/get.pulumi.com, `dist/install.sh`.
 */
const installer = `#!/bin/sh
set -e
[ "$1 $2 $4" = "--no-edit-path --install-root --version" ]
url="https://get.pulumi.com/releases/sdk/pulumi-v$5-linux-${process.arch}.tar.gz"
echo "+ Downloading $url..."
archive=$(mktemp -t pulumi.tar.gz.XXXXXXXXXX)
if ! curl --fail --location -o "$archive" "$url"; then
    echo "error: failed to download $url" >&2
    exit 1
fi
extracted=$(mktemp -d -t pulumi.XXXXXXXXXX)
tar zxf "$archive" -C "$extracted"
mkdir -p "$3/bin"
cp -r "$extracted/pulumi/." "$3/bin/"
rm -rf "$archive" "$extracted"
`;

function archiveOf(plugin: string, version: string): string {
    const architecture = process.arch === "x64" ? "amd64" : process.arch;
    return `pulumi-resource-${plugin}-v${version}-linux-${architecture}.tar.gz`;
}

const archiveUrl = `https://get.pulumi.com/releases/sdk/pulumi-v${cli}-linux-${process.arch}.tar.gz`;
const pluginUrl = (name: string, version: string) =>
    `github.com/pulumi/pulumi-${name}/releases/download/v${version}/${archiveOf(name, version)}`;

describe("the vendor's engine", () => {
    let dir = "";
    /** A cache into which everything was downloaded, and how. */
    let full = "";
    let downloaded: Outcome;
    let cache = "";

    before(async function () {
        // On a machine that has no engine yet, it is made here, which takes minutes.
        this.timeout(20 * 60_000);
        const machine = await prepareEngine(console.error);
        dir = mkdtempSync(join(tmpdir(), "vendor-"));
        full = join(dir, "cache");
        mkdirSync(full);
        const certificate = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"];
        const names = "subjectAltName=DNS:get.pulumi.com,DNS:github.com,DNS:api.github.com";
        const files = ["-keyout", join(dir, "key.pem"), "-out", join(dir, "cert.pem")];
        await run("openssl", ["req", ...certificate, "-subj", "/CN=vendor", "-addext", names, ...files]);
        linkPrograms(join(dir, "programs"));
        await archive("get.pulumi.com/releases/sdk", basename(archiveUrl), {
            "pulumi/pulumi": readFileSync(join(machine.binDir, "pulumi")),
            "pulumi/pulumi-language-nodejs": readFileSync(join(machine.binDir, "pulumi-language-nodejs")),
        });
        writeFileSync(join(dir, "get.pulumi.com/install.sh"), installer);
        await archive(dirname(pluginUrl("aws", aws)), archiveOf("aws", aws), { "pulumi-resource-aws": "#!/bin/sh\n" });
        const program = join(machine.pluginsDir, `resource-command-v${command}/pulumi-resource-command`);
        await archive(dirname(pluginUrl("command", command)), archiveOf("command", command), {
            "pulumi-resource-command": readFileSync(program),
        });
        await archive(".", "another.tar.gz", { "pulumi/pulumi": `#!/bin/sh\necho v${cli}\n` });
        downloaded = await prepare({}, { env: { VPC_PEERING_LAB_CACHE: full } });
    });

    beforeEach(() => {
        cache = mkdtempSync(join(tmpdir(), "vendor-cache-"));
    });

    afterEach(() => {
        rmSync(cache, { recursive: true });
    });

    after(() => {
        rmSync(dir, { recursive: true, force: true });
    });

    /** Puts a link to each program of PATH into a folder, but none to Go or Pulumi. */
    function linkPrograms(folder: string): void {
        mkdirSync(folder);
        for (const from of [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"].filter(existsSync)) {
            for (const name of readdirSync(from).filter((name) => !/^(go|pulumi.*)$/.test(name))) {
                if (!existsSync(join(folder, name))) {
                    rmSync(join(folder, name), { force: true });
                    symlinkSync(join(from, name), join(folder, name));
                }
            }
        }
    }

    /** Makes an archive for the vendor's sites. */
    async function archive(at: string, name: string, files: Readonly<Record<string, string | Buffer>>): Promise<void> {
        const made = mkdtempSync(join(dir, "archive-"));
        for (const [file, content] of Object.entries(files)) {
            mkdirSync(dirname(join(made, file)), { recursive: true });
            writeFileSync(join(made, file), content, { mode: 0o755 });
        }
        mkdirSync(join(dir, at), { recursive: true });
        await run("tar", ["-c", "-I", "gzip -1", "-f", join(dir, at, name), "-C", made, ...readdirSync(made)]);
        rmSync(made, { recursive: true });
    }

    /** Prepares the engine on a machine that has the vendor's sites and nothing else. */
    async function prepare(
        faults: Preparation["faults"] = {},
        { limit, env }: { limit?: number; env?: Readonly<Record<string, string>> } = {},
    ): Promise<Outcome> {
        const preparation: Preparation = { dir, faults, ...(limit !== undefined && { limit }) };
        const vendor = [join(import.meta.dirname, "world/vendor.ts"), JSON.stringify(preparation)];
        const node = [process.execPath, "--disable-warning=ExperimentalWarning", ...vendor];
        const inherited = Object.entries(process.env).filter(([name]) => !/^(AWS|PULUMI)_|_proxy$/i.test(name));
        const certificate = join(dir, "cert.pem");
        const child = spawn("unshare", [...namespaceOptions, ...node], {
            stdio: ["ignore", "pipe", "inherit"],
            env: {
                ...Object.fromEntries(inherited),
                PATH: join(dir, "programs"),
                HOME: cache,
                VPC_PEERING_LAB_CACHE: cache,
                NODE_EXTRA_CA_CERTS: certificate,
                CURL_CA_BUNDLE: certificate,
                SSL_CERT_FILE: certificate,
                ...env,
            },
        });
        return JSON.parse(await text(child.stdout)) as Outcome;
    }

    /** What the cache keeps, apart from the sets of links. */
    function kept(): string[] {
        return readdirSync(join(cache, "engine")).filter((name) => !/^(\.lock|set-.*)$/.test(name));
    }

    /** Has the cache keep what an earlier run downloaded. */
    function keep(...names: string[]): void {
        mkdirSync(join(cache, "engine"));
        names.forEach((name) => {
            symlinkSync(join(full, "engine", name), join(cache, "engine", name));
        });
    }

    /** Why the only part that was asked for can't be downloaded. */
    function reasonIn(log: readonly string[], part: string): string {
        const [begun, end = "", ...more] = log;
        assert.deepEqual([begun, more], [`Downloading ${part}.`, []]);
        const failed = `${part} can't be downloaded: `;
        assert.ok(end.startsWith(failed), end);
        return end.slice(failed.length);
    }

    it("is downloaded, kept and used", async () => {
        const { engine, log, asked } = downloaded;
        assert.ok(engine);
        assert.deepEqual(engine.summary, [
            `Pulumi CLI ${cli}: the vendor's download`,
            `aws plugin ${aws}: the vendor's download`,
            `command plugin ${command}: the vendor's download`,
        ]);
        assert.deepEqual(engine.ownPlugins, []);
        assert.equal(log.length, 3);
        const [installed, archived] = ["get.pulumi.com/install.sh", archiveUrl.replace("https://", "")];
        assert.deepEqual(asked, [installed, archived, pluginUrl("aws", aws), pluginUrl("command", command)]);

        const again = await prepare({}, { env: { VPC_PEERING_LAB_CACHE: full } });
        assert.deepEqual(again, { engine, log: [], asked: [] });

        const project = join(cache, "project");
        mkdirSync(project);
        writeFileSync(join(project, "Pulumi.yaml"), "name: greeter\nruntime: nodejs\n");
        symlinkSync(join(checkout, "node_modules"), join(project, "node_modules"));
        writeFileSync(
            join(project, "index.js"),
            `const { local } = require("@pulumi/command");
            exports.said = new local.Command("greeting", { create: "echo hello" }).stdout;`,
        );
        const options = { cwd: project, env: pulumiEnvironment(engine, cache) };
        await run("pulumi", ["stack", "init", "test"], options);
        await run("pulumi", ["up", "--yes", "--skip-preview"], options);
        assert.equal(await run("pulumi", ["stack", "output", "said"], options), "hello\n");
        const plugins = JSON.parse(await run("pulumi", ["plugin", "ls", "--json"], options)) as {
            name: string;
            version: string;
        }[];
        assert.deepEqual(
            plugins.filter(({ name }) => name !== "nodejs").map(({ name, version }) => `${name} ${version}`),
            [`aws ${aws}`, `command ${command}`],
        );
    });

    it("comes from where the user's PULUMI_PLUGIN_DOWNLOAD_URL_OVERRIDES says", async () => {
        keep(`pulumi-${cli}`, `resource-aws-v${aws}`);
        mkdirSync(join(dir, "localhost"));
        cpSync(join(dir, dirname(pluginUrl("command", command))), join(dir, "localhost/mirror"), { recursive: true });
        const env = { PULUMI_PLUGIN_DOWNLOAD_URL_OVERRIDES: "^github://api.github.com/pulumi=http://localhost/mirror" };
        const { asked } = await prepare({}, { env });
        assert.deepEqual(asked, [`localhost/mirror/${archiveOf("command", command)}`]);
        assert.deepEqual(kept(), [`pulumi-${cli}`, `resource-aws-v${aws}`, `resource-command-v${command}`]);
    });

    const cliFaults: [string, string, Fault, RegExp][] = [
        ["the installer is missing", "install.sh", 404, /^Failed to download \S+\/install\.sh: 404 Not Found$/],
        ["the site fails", "install.sh", 500, /^Failed to download \S+\/install\.sh: 500 Internal Server Error$/],
        ["the installer breaks off", "install.sh", "broken", /^terminated: other side closed$/],
        ["the archive is missing", "/sdk/", 404, /^curl: .* error: 404; failed to download \S+\.tar\.gz$/],
        ["the archive breaks off", "/sdk/", "broken", /^curl: .* transfer closed .*; failed to download \S+\.tar\.gz$/],
        ["the archive is truncated", "/sdk/", "truncated", /^gzip: stdin: unexpected end of file; tar: /],
        ["the archive stalls", "/sdk/", "stalled", /^took longer than 4 s$/],
        ["a program is missing", "/sdk/", "another", /^there is no pulumi-language-nodejs in the archive$/],
    ];
    for (const [what, path, fault, reason] of cliFaults) {
        it(`is not kept if ${what}, and is said to be missing on a machine that can't build it`, async () => {
            const { error, log } = await prepare({ [path]: fault }, fault === "stalled" ? { limit: 4 } : {});
            assert.match(reasonIn(log, `Pulumi CLI ${cli}`), reason);
            assert.match(
                error ?? "",
                /^Pulumi CLI .* not found on this machine, and the download failed\. [^]*\n- Go 1\.25/,
            );
            assert.deepEqual(kept(), []);
        });
    }

    const pluginFaults: [string, Fault, RegExp][] = [
        ["is missing", 404, /^failed to download plugin: \S+: 404 HTTP error .* https:\S+\.tar\.gz$/],
        [
            "can't be read",
            500,
            /^Error downloading plugin: 500 HTTP error .* https:\S+\.tar\.gz; failed to download .*$/,
        ],
        ["breaks off", "broken", /^Error downloading plugin: unexpected EOF; failed to download .*$/],
        ["is truncated", "truncated", /unexpected EOF$/],
        ["stalls", "stalled", /^took longer than 4 s$/],
        ["has no plugin", "another", /^there is no pulumi-resource-command in the archive$/],
    ];
    for (const [what, fault, reason] of pluginFaults) {
        it(`has the sandbox's own plugin where an archive ${what}`, async () => {
            keep(`pulumi-${cli}`, `resource-aws-v${aws}`);
            const { engine, log } = await prepare({ command: fault }, fault === "stalled" ? { limit: 4 } : {});
            assert.match(reasonIn(log, `command plugin ${command}`), reason);
            assert.deepEqual(engine?.ownPlugins, ["command"]);
            assert.deepEqual(kept(), ["command-own", `pulumi-${cli}`, `resource-aws-v${aws}`]);
        });
    }

    it("has nothing in its place if nothing else is wanted, not even what was built before", async () => {
        keep(`pulumi-${cli}`, `resource-aws-v${aws}`);
        assert.deepEqual((await prepare({ command: 404 })).engine?.ownPlugins, ["command"]);
        const { engine, error } = await prepare({ command: 404 }, { env: { VPC_PEERING_LAB_VENDOR_ONLY: "1" } });
        assert.equal(engine, undefined);
        assert.match(error ?? "", /^command plugin .*'unset VPC_PEERING_LAB_VENDOR_ONLY' allows that\.$/);
    });

    it("is built if it can't be downloaded, and not asked for again then", async () => {
        const go = join(cache, "programs");
        mkdirSync(go);
        // It says where a module's source is, and writes a program that says the CLI's version to the file after -o.
        const source = join(cache, "source");
        mkdirSync(join(source, "python/cmd"), { recursive: true });
        writeFileSync(join(source, "python/cmd/pulumi-language-python-exec"), "");
        const build = `#!/bin/sh
[ "$1" = list ] && { echo "${source}"; exit; }
while [ "$1" != -o ]; do shift; done
printf '#!/bin/sh\\necho v${cli}\\n' >"$2"
chmod +x "$2"
`;
        writeFileSync(join(go, "go"), build, { mode: 0o755 });
        const provider = "registry.terraform.io/hashicorp/aws/6.0.0";
        const platform = process.arch === "x64" ? "linux_amd64" : `linux_${process.arch}`;
        mkdirSync(join(cache, provider, platform), { recursive: true });
        writeFileSync(join(cache, provider, platform, "terraform-provider-aws"), "", { mode: 0o755 });
        const env = {
            PATH: [go, join(dir, "programs")].join(delimiter),
            VPC_PEERING_LAB_TERRAFORM_PLUGINS: cache,
        };
        const { engine } = await prepare({ "/sdk/": 404 }, { env });
        assert.deepEqual(engine?.summary, [
            `Pulumi CLI ${cli}: built from Go modules`,
            `aws plugin ${aws}: terraform-provider-aws 6.0.0 behind the Terraform bridge`,
            `command plugin ${command}: the sandbox's own`,
        ]);
        assert.deepEqual(await prepare({}, { env }), { engine, log: [], asked: [] });
    });
});
