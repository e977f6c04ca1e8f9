import { shellQuote } from "../shell";

/** One server, as far as a probe needs to know it. */
export interface ProbedServer {
    /** Its name in messages: `VPC1`. */
    readonly label: string;
    /** Its private address: `10.41.1.100`. */
    readonly privateIp: string;
    /** The page that it serves, one line of HTML. */
    readonly page: string;
}

/** A server's address and name on the internet, known once it stands. */
export interface PublicEnd {
    readonly publicIp: string;
    /** Empty where the VPC has no DNS hostnames. */
    readonly publicDns: string;
}

/** What a ping, an HTTP request and a look-up of the public DNS name came to. */
export interface ProbeOutcome {
    /** `reply` or `none`. */
    readonly icmp: string;
    /**
     * `page` (the other server's own), `other` (any other answer), `silent` (a connection, and no answer), `refused` (a reset
     * came back) or `none`.
     */
    readonly http: string;
    /** `private` or `public`, the address of the other server that its name gives, `other` for any other, or `none`. */
    readonly dns: string;
}

/** What {@link probeScript} prints. */
export interface ProbeReport extends ProbeOutcome {
    /** The address that the other server's public name gave; empty when it gave none. */
    readonly resolved: string;
    /** Round-trip time of the ping in milliseconds; null when no reply came. */
    readonly roundTripMs: number | null;
    /** When it was measured, by the server's clock, in UTC: `2026-01-31T12:00:00Z`. */
    readonly measured: string;
    /** Marks this probe's request in the other server's access log. */
    readonly mark: string;
}

/** What {@link accessLogScript} prints. */
export interface AccessLogReport {
    /** Address that the request came from, as the probed server saw it; null when it got no request. */
    readonly client: string | null;
}

/** How long a server may take to boot and to run its user data when nothing else is said, in seconds. */
export const defaultTimeLimit = 300;

/** How long a probe may take in all, login and waiting included, in seconds. */
export const probeTimeLimit = 120;

/**
 * How long a probe waits, in seconds: for one reply, for a changed path to settle, and for a name server to forget. A round trip
 * takes milliseconds within a region and less than half a second around the world; Amazon's answers are kept for a minute.
 */
const patience = { reply: 1, settle: 30, forget: 75 } as const;

/** Assigns shell variables; every value is quoted. */
function assign(variables: Readonly<Record<string, string>>): string {
    return Object.entries(variables)
        .map(([name, value]) => `${name}=${shellQuote(value)}`)
        .join("\n");
}

/** What an outcome that is not the expected one means on the servers, by protocol and by what was seen. */
function hints(from: ProbedServer, to: ProbedServer, expected: ProbeOutcome): Record<string, string> {
    const foreign = "packets pass that this stack does not let through";
    const option = `the connection's DNS resolution option of ${to.label}'s side`;
    const attributes = `the DNS support and DNS hostnames of both VPCs`;
    return {
        icmp_reply: foreign,
        ...(expected.http === "page"
            ? {
                  http_refused: `packets pass, but nothing listens on port 80 there. Look at 'systemctl status httpd' on ${to.label}'s server`,
                  http_silent: `packets pass and the connection is accepted, but no answer comes. Look at 'systemctl status httpd' on ${to.label}'s server, and at whether large packets get there`,
                  http_other: `another page came than ${to.label}'s. Look at /var/www/html on that server, and at who else has the address ${to.privateIp}`,
              }
            : { http_refused: foreign, http_silent: foreign, http_other: foreign, http_page: foreign }),
        dns_private: `a connection resolves names that should not. Look at ${option} (it must be off)`,
        dns_public: `look at the peering connection's status (it must be active), ${option} (it must be on), and ${attributes}`,
        dns_none: `the name server of ${from.label}'s VPC has no answer. Look at ${attributes}, and at /etc/resolv.conf on the asking server`,
        dns_other: `the name belongs to another address. Look at whether ${to.label}'s server was stopped since the last 'pulumi up'; 'pulumi refresh' learns its new address`,
    };
}

/**
 * Waits until the server that runs it serves its own page to itself, which shows that it has booted and that its user
 * data has run: without this a server that is not up yet would count as isolated. It says on standard error what it waits
 * for, and gives up after as many seconds as its argument says.
 */
export function readyScript(server: ProbedServer): string {
    return `set -uo pipefail
${assign({ label: server.label, page: server.page })}
next=0
until got=$(curl -sS --noproxy '*' --max-time 2 http://127.0.0.1/ 2>&1) && [ "$got" = "$page" ]; do
    if (( SECONDS >= next )); then
        echo "$label's server is up, but does not serve its own page to itself yet; it answers: \${got:0:200}" >&2
        echo "If that lasts, look at /var/log/cloud-init-output.log and 'systemctl status httpd' on that server, and at its way to the internet: it installs httpd at boot." >&2
        next=$((next + 15))
    fi
    (( SECONDS >= $1 )) && exit 1
    sleep 0.5
done
echo "{\\"ready\\":true}"
`;
}

/**
 * Sends a ping and an HTTP request from one server to the other's private address, looks its public DNS name up, and
 * compares what comes back with what is expected; prints a {@link ProbeReport} when that is the same. It is tried again for
 * 30 s, since AWS needs a moment before packets obey a new or a removed route or rule, and the name for 75 s, since name
 * servers remember.
 */
export function probeScript(from: ProbedServer, to: ProbedServer & PublicEnd, expected: ProbeOutcome): string {
    const cases = Object.entries(hints(from, to, expected))
        .map(([seen, hint]) => `        ${seen}) echo ${shellQuote(hint)} ;;`)
        .join("\n");
    return `set -uo pipefail
${assign({
    from: `${from.label} (${from.privateIp})`,
    to: `${to.label} (${to.privateIp})`,
    address: to.privateIp,
    public: to.publicIp,
    name: to.publicDns,
    page: to.page,
    expected_icmp: expected.icmp,
    expected_http: expected.http,
    expected_dns: expected.dns,
    settle: String(patience.settle),
    forget: String(patience.forget),
    patience: String(patience.reply),
})}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

hint() {
    case "$1" in
${cases}
    esac
}

probe() {
    # Of this try alone: an earlier one may have come through before the path had settled.
    mark=$(od -An -N8 -tx1 /dev/urandom | tr -d ' \\n')
    ping -c 1 -W "$patience" "$address" > "$work/ping" 2>&1 &
    local ping=$!
    local status
    status=$(curl -sS --noproxy '*' --connect-timeout "$patience" --max-time 5 -A "vpc-peering-lab/$mark" \\
        -o "$work/page" -w '%{http_code} %{time_connect}' "http://$address/" 2> /dev/null)
    local asked=$? connected=\${status#* }
    status=\${status% *}
    if (( asked == 0 )) && [ "$status" = 200 ] && [ "$(< "$work/page")" = "$page" ]; then http=page
    elif [ "$status" != 000 ]; then http=other
    elif (( asked == 7 )); then http=refused
    elif [[ $connected == *[1-9]* ]]; then http=silent
    else http=none
    fi
    rtt=null
    if wait "$ping"; then
        icmp=reply
        [[ $(< "$work/ping") =~ time=([0-9.]+) ]] && rtt=\${BASH_REMATCH[1]}
    else
        icmp=none
    fi
}

resolve() {
    resolved=
    [ -n "$name" ] && resolved=$(timeout 5 getent ahostsv4 "$name" | awk '{ print $1; exit }')
    case "$resolved" in
        '') dns=none ;;
        "$address") dns=private ;;
        "$public") dns=public ;;
        *) dns=other ;;
    esac
}

until probe; [ "$icmp/$http" = "$expected_icmp/$expected_http" ] || (( SECONDS >= settle )); do
    sleep 1
done
until resolve; [ "$dns" = "$expected_dns" ] || (( SECONDS >= forget )); do
    sleep 1
done

broken=0
verdict() {
    [ "$2" = "$3" ] && return
    broken=1
    local hint
    hint=$(hint "$1_$3")
    echo "$from -> $to, $1: expected $2, seen $3\${hint:+; $hint}" >&2
}
verdict icmp "$expected_icmp" "$icmp"
verdict http "$expected_http" "$http"
verdict dns "$expected_dns" "$dns"
(( broken )) && exit 1
echo "{\\"icmp\\":\\"$icmp\\",\\"http\\":\\"$http\\",\\"dns\\":\\"$dns\\",\\"resolved\\":\\"$resolved\\",\\"roundTripMs\\":$rtt,\\"measured\\":\\"$(date -u +%FT%TZ)\\",\\"mark\\":\\"$mark\\"}"
`;
}

/**
 * Looks for the probe's request in the access log of the server that was asked, which is the one that runs it, and
 * compares the address that it came from with the asking server's private one: equal means that nothing translated
 * addresses on the way. Where no page is expected there must be no request at all. Prints an {@link AccessLogReport}.
 */
export function accessLogScript(from: ProbedServer, to: ProbedServer, outcome: ProbeOutcome, mark: string): string {
    const expected = outcome.http === "page" ? from.privateIp : "none";
    return `set -uo pipefail
${assign({ from: from.label, to: to.label, expected, mark })}
line=$(sudo grep -m 1 -F -e "vpc-peering-lab/$mark" /var/log/httpd/access_log)
if (( $? > 1 )); then
    echo "$from -> $to, http: the access log of $to's server can't be read; look at 'systemctl status httpd' there" >&2
    exit 1
fi
client=\${line%% *}
if [ "\${client:-none}" != "$expected" ]; then
    echo "$from -> $to, http: expected client $expected in the access log of $to's server, seen \${client:-none}; look at what translates addresses or asks in its place between the two" >&2
    exit 1
fi
if [ -z "$client" ]; then echo '{"client":null}'; else echo "{\\"client\\":\\"$client\\"}"; fi
`;
}
