/** `npm run explain`: why a packet passes or not, from what AWS or a folder tells. */
import { execFile } from "node:child_process";
import { parseArgs, promisify } from "node:util";
import { analyze } from "./analysis.ts";
import { QuestionError, type Analysis, type Question } from "./types.ts";
import { resultOf } from "./json.ts";
import { loadPlaces, savePlaces } from "./files.ts";
import type { Source } from "./read.ts";
import { addressesOf, State, type Place } from "./state.ts";
import { explain, reasonLine, verdictLine } from "./text.ts";

const usage = `Usage: npm run explain -- FROM TO [tcp/PORT|udp/PORT|icmp] [OPTIONS]
       npm run explain -- --all [tcp/PORT|udp/PORT|icmp] [OPTIONS]

Says whether FROM gets an answer from TO, hop by hop, what stops it, and what to change. Nothing is sent.
FROM and TO are an instance, an interface, a private or public address or a Name tag; 'requester' and 'accepter' are the
servers of the Pulumi stack that is selected here. The traffic is tcp/80 if not said.

  --all               everyone to everyone, a line each
  --region REGION     where to read; several for VPCs in several regions; by default AWS_REGION's
  --profile PROFILE   the AWS CLI's profile to read with; several for VPCs of several accounts
  --state DIR         reads from files, not from AWS: DIR/[accounts/ID/][REGION/]Vpcs.json and so on, as
                      'aws ec2 describe-vpcs' and its like print them
  --save DIR          writes what was read there in this form
  --json              prints AWS's form of an analysis
  --assert reachable|unreachable
                      exit code 0 if it is so, 1 if it is not, 2 if that is not known
  --help              prints this
`;

class UsageError extends Error {}

/** The question's traffic, as in `tcp/80`. */
function trafficFrom(text: string): Pick<Question, "protocol" | "port"> {
    if (text === "icmp") {
        return { protocol: "icmp" };
    }
    const [, protocol, port] = /^(tcp|udp)\/(\d{1,5})$/.exec(text) ?? [];
    if ((protocol !== "tcp" && protocol !== "udp") || Number(port) < 1 || Number(port) > 65535) {
        throw new UsageError(`'${text}' is not a protocol with a port; write it like tcp/80, udp/53 or icmp.`);
    }
    return { protocol, port: Number(port) };
}

/** A side's server of the stack that is selected here. */
interface StackServer {
    readonly serverId: string;
    readonly region?: string;
}

async function stackServers(): Promise<Readonly<Record<string, StackServer>>> {
    try {
        const { stdout } = await promisify(execFile)("pulumi", ["stack", "output", "--json"]);
        return JSON.parse(stdout) as Record<string, StackServer>;
    } catch (error) {
        const { stderr, message } = error as Error & { readonly stderr?: string };
        throw new UsageError(`The stack's servers are not known: ${(stderr || message).trim()}`);
    }
}

/** Reads AWS. Its SDK takes a moment to load, which files need not wait for. */
async function readLive(sources: readonly Source[]): Promise<Place[]> {
    const { openOwn, readPlaces } = await import("./read.ts");
    return readPlaces(sources, openOwn);
}

/** Asks everyone about everyone else. */
function matrix(state: State, traffic: Pick<Question, "protocol" | "port">): Analysis[] {
    const names = state.interfaces().flatMap(({ item }) => {
        const isInstances = item.Attachment?.InstanceId !== undefined && item.Attachment.DeviceIndex === 0;
        return isInstances && addressesOf(item).length > 0 ? [item.NetworkInterfaceId ?? ""] : [];
    });
    return names.flatMap((from) =>
        names.filter((to) => to !== from).map((to) => analyze(state, { from, to, ...traffic })),
    );
}

/** Runs the command and returns its exit code. */
async function main(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
    const { values, positionals } = parseArgs({
        args: [...args],
        allowPositionals: true,
        options: {
            all: { type: "boolean" },
            region: { type: "string", multiple: true },
            profile: { type: "string", multiple: true },
            state: { type: "string" },
            save: { type: "string" },
            json: { type: "boolean" },
            assert: { type: "string" },
            help: { type: "boolean" },
        },
    });
    if (values.help === true) {
        process.stdout.write(usage);
        return 0;
    }
    const { assert, all = false } = values;
    if (assert !== undefined && assert !== "reachable" && assert !== "unreachable") {
        throw new UsageError(`--assert takes reachable or unreachable, not '${assert}'.`);
    }
    const [from, to, ...rest] = all ? ["", "", ...positionals] : positionals;
    if (from === undefined || to === undefined || rest.length > 1) {
        throw new UsageError(`Say FROM, TO and the traffic, or --all and the traffic.\n\n${usage}`);
    }
    const traffic = trafficFrom(rest[0] ?? "tcp/80");

    const servers = [from, to].some((one) => one === "requester" || one === "accepter") ? await stackServers() : {};
    const end = (name: string) => servers[name]?.serverId ?? name;
    const regions = values.region ?? [...new Set(Object.values(servers).flatMap((server) => server.region ?? []))];
    const usual = env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"];
    if (values.state === undefined && regions.length === 0 && usual === undefined) {
        throw new UsageError("No region: give --region, or set AWS_REGION.");
    }
    const sources: Source[] = (values.profile ?? [undefined]).flatMap((profile) =>
        (regions.length > 0 ? regions : [usual ?? ""]).map((region) => ({ region, profile })),
    );
    const places = values.state === undefined ? await readLive(sources) : loadPlaces(values.state);
    if (values.save !== undefined) {
        savePlaces(values.save, places);
    }
    const state = new State(places);
    const found = all ? matrix(state, traffic) : [analyze(state, { from: end(from), to: end(to), ...traffic })];
    if (values.json === true) {
        const results = found.map((one) => resultOf(state, one));
        console.log(JSON.stringify(all ? results : results[0], undefined, 2));
    } else {
        for (const one of found) {
            console.log(all ? `${verdictLine(one)}\n    ${reasonLine(one)}` : explain(state, one));
        }
    }
    if (assert === undefined) {
        return 0;
    }
    const wanted = assert === "reachable" ? "reachable" : "not reachable";
    const verdicts = found.map(({ verdict }) => verdict);
    return verdicts.every((one) => one === wanted)
        ? 0
        : verdicts.some((one) => one !== wanted && one !== "unknown")
          ? 1
          : 2;
}

try {
    process.exitCode = await main(process.argv.slice(2), process.env);
} catch (error) {
    const isOurs = !(error instanceof Error) || error instanceof UsageError || error instanceof QuestionError;
    console.error(isOurs ? (error as Error).message : `${error.name}: ${error.message}`);
    process.exitCode = 2;
}
