import * as assert from "assert";
import { spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { acceptersCommands, type AcceptersPart } from "../components/peering/otherOwner";

const part: AcceptersPart = {
    connectionId: "pcx-1",
    vpcId: "vpc-2",
    region: undefined,
    routeTableIds: [],
    cidrBlocks: ["10.41.0.0/16"],
    securityGroupIds: [],
    ports: [],
    sourceGroupIds: [],
    dnsResolution: false,
};

/** All there is: two of everything, in another region. */
const everything: AcceptersPart = {
    ...part,
    region: "us-west-2",
    routeTableIds: ["rtb-1", "rtb-2"],
    cidrBlocks: ["10.41.0.0/16", "100.64.0.0/16"],
    securityGroupIds: ["sg-1", "sg-2"],
    ports: [
        { ipProtocol: "tcp", fromPort: 80, toPort: 80 },
        { ipProtocol: "udp", fromPort: 53, toPort: 53 },
    ],
    dnsResolution: true,
};

const accept = "aws ec2 accept-vpc-peering-connection --vpc-peering-connection-id pcx-1";
const wait = `tries=0; until status=$(aws ec2 describe-vpc-peering-connections --vpc-peering-connection-ids pcx-1 --query 'VpcPeeringConnections[0].Status.Code' --output text); [ "$status" = active ] || [ "$((tries += 1))" -ge 60 ]; do sleep 2; done; [ "$status" = active ] || { echo "pcx-1 is $status, not active" >&2; false; }`;
const loop = (block: string): string =>
    `for table in $(aws ec2 describe-route-tables --filters Name=vpc-id,Values=vpc-2 --query 'RouteTables[].RouteTableId' --output text); do aws ec2 create-route --route-table-id "$table" --destination-cidr-block ${block} --vpc-peering-connection-id pcx-1; done`;

interface Ran {
    readonly status: number | null;
    readonly stderr: string;
    readonly calls: string[][];
}

/**
 * Runs the lines in a shell with an `aws` that keeps its arguments, each call as a list: the connection is provisioned until
 * it is asked for the third time, and the VPC has two route tables.
 */
function run(commands: readonly string[], shell: "bash" | "sh", end = "active"): Ran {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "other-owner-test-"));
    try {
        const calls = path.join(folder, "calls");
        const body = `#!/bin/bash
printf '%s\\0' "$@" $'\\n' >> ${calls}
case "$2" in
    describe-vpc-peering-connections)
        [ "$(grep -c describe-vpc-peering -a ${calls})" -ge 3 ] && echo ${end} || echo provisioning ;;
    describe-route-tables) printf 'rtb-8\\trtb-9\\n' ;;
esac
`;
        fs.writeFileSync(path.join(folder, "aws"), body, { mode: 0o755 });
        fs.writeFileSync(path.join(folder, "sleep"), "#!/bin/sh\n", { mode: 0o755 });
        const { status, stderr } = spawnSync(shell, ["-e"], {
            input: commands.join("\n"),
            encoding: "utf8",
            env: { PATH: `${folder}:/usr/bin:/bin` },
        });
        const words = fs.readFileSync(calls, "utf8").split("\0\n\0").slice(0, -1);
        return { status, stderr, calls: words.map((call) => call.split("\0")) };
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
}

describe("acceptersCommands", () => {
    it("accepts, waits, and gives all of the VPC's route tables a route when none is named", () => {
        assert.deepStrictEqual(acceptersCommands(part), [accept, wait, loop("10.41.0.0/16")]);
    });

    it("names each table and block, group and port, and the region in every command", () => {
        const permissions = `--ip-permissions '[{"IpProtocol":"tcp","FromPort":80,"ToPort":80,"IpRanges":[{"CidrIp":"10.41.0.0/16"},{"CidrIp":"100.64.0.0/16"}]},{"IpProtocol":"udp","FromPort":53,"ToPort":53,"IpRanges":[{"CidrIp":"10.41.0.0/16"},{"CidrIp":"100.64.0.0/16"}]}]'`;
        const route = (table: string, block: string): string =>
            `aws ec2 create-route --region us-west-2 --route-table-id ${table} --destination-cidr-block ${block} --vpc-peering-connection-id pcx-1`;
        assert.deepStrictEqual(acceptersCommands(everything), [
            "aws ec2 accept-vpc-peering-connection --region us-west-2 --vpc-peering-connection-id pcx-1",
            wait.replace("connections ", "connections --region us-west-2 "),
            route("rtb-1", "10.41.0.0/16"),
            route("rtb-2", "10.41.0.0/16"),
            route("rtb-1", "100.64.0.0/16"),
            route("rtb-2", "100.64.0.0/16"),
            `aws ec2 authorize-security-group-ingress --region us-west-2 --group-id sg-1 ${permissions}`,
            `aws ec2 authorize-security-group-ingress --region us-west-2 --group-id sg-2 ${permissions}`,
            "aws ec2 modify-vpc-peering-connection-options --region us-west-2 --vpc-peering-connection-id pcx-1 --accepter-peering-connection-options AllowDnsResolutionFromRemoteVpc=true",
        ]);
    });

    it("lets the requester's groups in, with their account where there is one", () => {
        const [, , , rule] = acceptersCommands({
            ...part,
            securityGroupIds: ["sg-1"],
            ports: [{ ipProtocol: "tcp", fromPort: 443, toPort: 443 }],
            sourceGroupIds: ["sg-8", "111111111111/sg-9"],
        });
        assert.strictEqual(
            rule,
            `aws ec2 authorize-security-group-ingress --group-id sg-1 --ip-permissions '[{"IpProtocol":"tcp","FromPort":443,"ToPort":443,"UserIdGroupPairs":[{"GroupId":"sg-8"},{"UserId":"111111111111","GroupId":"sg-9"}]}]'`,
        );
    });

    for (const shell of ["bash", "sh"] as const) {
        it(`is taken by ${shell} word for word, and waits until the connection is active`, () => {
            const wait = [
                ..."ec2 describe-vpc-peering-connections --vpc-peering-connection-ids pcx-1 --query".split(" "),
                ..."VpcPeeringConnections[0].Status.Code --output text".split(" "),
            ];
            const route = (table: string): string[] =>
                `ec2 create-route --route-table-id ${table} --destination-cidr-block 10.41.0.0/16 --vpc-peering-connection-id pcx-1`.split(
                    " ",
                );
            const { calls, ...ended } = run(acceptersCommands(part), shell);
            assert.deepStrictEqual(ended, { status: 0, stderr: "" });
            assert.deepStrictEqual(calls, [
                "ec2 accept-vpc-peering-connection --vpc-peering-connection-id pcx-1".split(" "),
                wait,
                wait,
                wait,
                "ec2 describe-route-tables --filters Name=vpc-id,Values=vpc-2 --query RouteTables[].RouteTableId --output text".split(
                    " ",
                ),
                route("rtb-8"),
                route("rtb-9"),
            ]);
        });

        it(`looks no more than 60 times in ${shell}, and says what the connection is instead`, () => {
            const { calls, ...ended } = run(acceptersCommands(part), shell, "failed");
            assert.deepStrictEqual(ended, { status: 1, stderr: "pcx-1 is failed, not active\n" });
            const made = calls.map(([, command]) => command);
            assert.deepStrictEqual(made, [
                "accept-vpc-peering-connection",
                ...Array.from({ length: 60 }, () => "describe-vpc-peering-connections"),
            ]);
        });

        it(`gives aws the rules as one word of JSON in ${shell}`, () => {
            const { calls } = run(acceptersCommands(everything), shell);
            const rules = calls.filter(([, command]) => command === "authorize-security-group-ingress");
            assert.deepStrictEqual(
                rules.map((words) => words.slice(2, -1)),
                ["sg-1", "sg-2"].map((id) => ["--region", "us-west-2", "--group-id", id, "--ip-permissions"]),
            );
            const IpRanges = [{ CidrIp: "10.41.0.0/16" }, { CidrIp: "100.64.0.0/16" }];
            assert.deepStrictEqual(JSON.parse(rules[0]?.at(-1) ?? ""), [
                { IpProtocol: "tcp", FromPort: 80, ToPort: 80, IpRanges },
                { IpProtocol: "udp", FromPort: 53, ToPort: 53, IpRanges },
            ]);
        });
    }

    it("gives one whole command a line", () => {
        for (const line of [...acceptersCommands(part), ...acceptersCommands(everything).slice(-2)]) {
            const { status, stderr } = spawnSync("bash", ["-n"], { input: line, encoding: "utf8" });
            assert.deepStrictEqual({ status, stderr }, { status: 0, stderr: "" }, line);
        }
    });
});
