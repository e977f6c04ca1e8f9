/** `npm run explain`: why a packet passes or not, from what AWS or a folder tells. */
import { existsSync, writeFileSync } from "fs";
import { dirname } from "path";
import { parseArgs, stripVTControlCharacters } from "util";
import { messageOf } from "../components/problems";
import { across, sides, type Side } from "../components/peering/sides";
import { analyze } from "../reachability/analysis";
import { loadPlaces, savePlaces } from "../reachability/files";
import { resultOf } from "../reachability/json";
import type { Source } from "../reachability/read";
import { addressesOf, State, type Place } from "../reachability/state";
import { explain, reasonLine, verdictLine } from "../reachability/text";
import type { Analysis, Component, Question } from "../reachability/types";
import { pageOf } from "../report/page";
import { readStack, sourcesOf, type Stack } from "./stack";

const usage = `Usage: npm run explain -- FROM TO [tcp/PORT|udp/PORT|icmp] [OPTIONS]
       npm run explain -- --all [tcp/PORT|udp/PORT|icmp] [OPTIONS]

Says whether FROM gets an answer from TO, hop by hop, what stops it, and what to
change. Nothing is sent. FROM and TO are an instance, an interface, a private or
public address or a Name tag; 'requester' and 'accepter' are the servers of the
Pulumi stack that is selected here. The traffic is tcp/80 if not said.

  --all               everyone to everyone, a line each
  --region REGION     where to read; several for VPCs in several regions; by
                      default AWS_REGION's
  --profile PROFILE   the AWS CLI's profile to read with; several for VPCs of
                      several accounts
  --state DIR         reads from files, not from AWS, in the form that the AWS
                      CLI prints: DIR/[accounts/ID/][REGION/]Vpcs.json and so on
  --save DIR          writes what was read there in this form
  --html FILE         writes a page with a picture there, for a browser
  --json              prints AWS's form of an analysis
  --assert reachable|unreachable
                      exit code 0 if it is so, 1 if it is not, 2 if that is not
                      known
  --help              prints this`;

type Traffic = Pick<Question, "protocol" | "port">;

/** The question's traffic, as in `tcp/80`. */
function trafficFrom(text: string): Traffic {
    if (text === "icmp") return { protocol: "icmp" };
    const [, protocol, port] = /^(tcp|udp)\/(\d{1,5})$/.exec(text) ?? [];
    if ((protocol !== "tcp" && protocol !== "udp") || Number(port) < 1 || Number(port) > 65535) {
        throw new Error(`'${text}' is not a protocol with a port; write it like tcp/80, udp/53 or icmp.`);
    }
    return { protocol, port: Number(port) };
}

/** Reads AWS. Its SDK takes a moment to load, which files need not wait for. */
async function readLive(sources: readonly Source[]): Promise<Place[]> {
    const { openOwn, readPlaces } = await import("../reachability/read");
    return readPlaces(sources, openOwn);
}

/** Asks everyone about everyone else. */
function matrix(state: State, traffic: Traffic): Analysis[] {
    const names = state.interfaces().flatMap(({ item }) => {
        const isInstances = item.Attachment?.InstanceId !== undefined && item.Attachment.DeviceIndex === 0;
        return isInstances && addressesOf(item).length > 0 ? [item.NetworkInterfaceId] : [];
    });
    const pairs = names.flatMap((from) => names.filter((to) => to !== from).map((to) => ({ from, to })));
    return pairs.map((pair) => analyze(state, { ...pair, ...traffic }));
}

/** What to run where the stack itself made what stops its servers' packets; nothing if it did not. */
export async function adviceOf(
    { outputs, setting }: Pick<Stack, "outputs" | "setting">,
    from: Side,
    { verdict, question, from: client, blockers, forward, back }: Analysis,
): Promise<string[]> {
    const to = across(from);
    const own = sides.flatMap((side) => [outputs[side].routeTableId, outputs[side].securityGroupId]);
    const isOwn = ({ kind, id }: Component) => kind === "peering connection" || own.includes(id);
    if (verdict !== "not reachable" || !blockers.some(({ component }) => isOwn(component))) return [];
    const lists = { ...((await setting(to)) as Record<string, unknown> | undefined) };
    const add = async (name: string, value: string): Promise<string> => {
        const path = lists[name] === undefined ? name : `${to}.${name}`;
        const list = (lists[name] ?? (await setting(name)) ?? []) as readonly string[];
        return `pulumi config set --path '${path}[${list.length}]' ${value}`;
    };
    const isFiltered = blockers.some(({ component }) => component.id === outputs[to].securityGroupId);
    const { protocol, port = 80 } = question;
    const requestsFrom = (await setting("requestsFrom")) ?? "both";
    const isPeered = String(await setting("peering")) === "true";
    // Behind a transit gateway, say, a peering connection may not be what is missing.
    const isFollowed = ![...forward, ...back].some(({ isLast }) => isLast === true);
    const changes = [
        ...(isPeered || !isFollowed ? [] : ["pulumi config set peering true"]),
        ...(requestsFrom === to ? ["pulumi config set requestsFrom both"] : []),
        ...(isFiltered && protocol === "icmp" ? [await add("icmpCidrs", `${client.address}/32`)] : []),
        ...(isFiltered && protocol !== "icmp" && port !== 80 ? [await add("extraPorts", `${protocol}/${port}`)] : []),
    ];
    return changes.length > 0 ? [[...changes, "pulumi up"].join(" && ")] : ["pulumi up --refresh"];
}

/** The analyses as a page: of everyone to everyone if `traffic` is given. */
function pageFor(state: State, analyses: readonly Analysis[], traffic: Traffic | undefined): string {
    const [first] = analyses;
    const isOpen = analyses.filter(({ verdict }) => verdict === "reachable").length;
    const what = traffic
        ? `${traffic.protocol}${traffic.port === undefined ? "" : ` ${traffic.port}`}, everyone to everyone`
        : "";
    const title = first && !traffic ? stripVTControlCharacters(verdictLine(first)) : what;
    const moments = [{ title: "as AWS describes it", state, analyses }];
    return pageOf({
        title: "Reachability",
        summary: `${isOpen} of ${analyses.length} ways are open. Nothing was sent: this is what the reachability analysis says.`,
        sections: [{ title, text: "", moments, checks: [] }],
    });
}

async function run(args: readonly string[], env: NodeJS.ProcessEnv, print: (line: string) => void): Promise<number> {
    const { values, positionals } = parseArgs({
        args: [...args],
        allowPositionals: true,
        options: {
            all: { type: "boolean" },
            region: { type: "string", multiple: true },
            profile: { type: "string", multiple: true },
            state: { type: "string" },
            save: { type: "string" },
            html: { type: "string" },
            json: { type: "boolean" },
            assert: { type: "string" },
            help: { type: "boolean" },
        },
    });
    if (values.help === true) {
        print(usage);
        return 0;
    }
    const { assert, all = false } = values;
    if (assert !== undefined && assert !== "reachable" && assert !== "unreachable") {
        throw new Error(`--assert takes reachable or unreachable, not '${assert}'.`);
    }
    const [from, to, ...rest] = all ? ["", "", ...positionals] : positionals;
    if (from === undefined || to === undefined || rest.length > 1) {
        throw new Error(`Say FROM, TO and the traffic, or --all and the traffic.\n\n${usage}`);
    }
    const traffic = trafficFrom(rest[0] ?? "tcp/80");
    if (values.state !== undefined && !existsSync(values.state)) {
        throw new Error(
            `--state ${values.state}: there is no such folder, seen from ${process.cwd()}; give its full path.`,
        );
    }
    if (values.html !== undefined && !existsSync(dirname(values.html))) {
        throw new Error(
            `--html ${values.html}: there is no such folder, seen from ${process.cwd()}; give the full path.`,
        );
    }

    const asked = sides.filter((side) => side === from || side === to);
    const stack = asked.length > 0 ? await readStack({ name: "explain", args, env }) : undefined;
    const end = (name: string) => stack?.outputs[name as Side]?.serverId ?? name;
    const usual = env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"];
    if (!stack && values.state === undefined && !values.region && usual === undefined) {
        throw new Error("No region: give --region, or set AWS_REGION.");
    }
    const said = (values.profile ?? [undefined]).flatMap((profile) =>
        (values.region ?? [usual]).map((region) => ({ region, profile })),
    );
    const sources = stack && !values.region && !values.profile ? await sourcesOf(stack) : said;
    const places = values.state === undefined ? await readLive(sources) : loadPlaces(values.state);
    if (values.save !== undefined) savePlaces(values.save, places);
    const state = new State(places);
    const found = all ? matrix(state, traffic) : [analyze(state, { from: end(from), to: end(to), ...traffic })];
    if (values.json === true) {
        const results = found.map(resultOf);
        print(JSON.stringify(all ? results : results[0], undefined, 2));
    } else {
        for (const one of found) {
            const advice = stack && asked.length === 2 ? await adviceOf(stack, from as Side, one) : [];
            print(all ? `${verdictLine(one)}\n    ${reasonLine(one)}` : explain(state, one, advice));
        }
    }
    if (values.html !== undefined) writeFileSync(values.html, pageFor(state, found, all ? traffic : undefined));
    if (assert === undefined) return 0;
    const wanted = assert === "reachable" ? "reachable" : "not reachable";
    const others = found.map(({ verdict }) => verdict).filter((verdict) => verdict !== wanted);
    return others.length === 0 ? 0 : others.every((verdict) => verdict === "unknown") ? 2 : 1;
}

/** Runs the command, and resolves to its exit code: 2 if it can't be answered. */
export async function main(
    args: readonly string[],
    env: NodeJS.ProcessEnv,
    out: Pick<Console, "log" | "error">,
): Promise<number> {
    try {
        return await run(args, env, (line) => {
            out.log(line);
        });
    } catch (error) {
        out.error(messageOf(error));
        return 2;
    }
}

if (require.main === module) {
    void main(process.argv.slice(2), process.env, console).then((code) => {
        process.exitCode = code;
    });
}
