import assert from "assert/strict";
import { idsOf, itemsOf, runTag, standing } from "../on-aws/account";
import { readOptions, readSshCidr } from "../on-aws/options";
import { reportOf } from "../on-aws/report";
import type { Run } from "../on-aws/run";
import { differences, masked, shapeOf } from "../on-aws/shape";

const names = { run: "00c0ffee", account: "111111111111", region: "eu-north-1", sshCidr: "203.0.113.7/32" };
const tags = [{ Key: runTag, Value: names.run }];

describe("what is typed after npm run on-aws", () => {
    const refused: readonly (readonly [string[], NodeJS.ProcessEnv, RegExp])[] = [
        [["--ssh-cidr", "0.0.0.0/0"], {}, /^--ssh-cidr 0\.0\.0\.0\/0: lets more log in than \/16.*'--ssh-cidr 203/],
        [["--ssh-cidr", "128.0.0.0/1"], {}, /^--ssh-cidr 128\.0\.0\.0\/1: lets more log in than \/16/],
        [["--ssh-cidr", "192.168.1.2"], {}, /^--ssh-cidr 192\.168\.1\.2: is a private address, which AWS never sees/],
        [["--ssh-cidr", "2001:db8::1"], {}, /^--ssh-cidr 2001:db8::1: is not an IPv4 address or CIDR block/],
        [["--ssh-cidr", "203.0.113.300"], {}, /is not an IPv4 address or CIDR block/],
        [["--region", "Seoul"], {}, /^region 'Seoul': is not the name of an AWS region; .*'--region ap-northeast-2'/],
        [[], { AWS_REGION: "eu-north-1a" }, /^region 'eu-north-1a': is not the name of an AWS region/],
        [["--regoin", "eu-north-1"], {}, /Unknown option '--regoin'[^]*usage: npm run on-aws/],
        [
            [],
            { AWS_PROFILE: "lab", AWS_ACCESS_KEY_ID: "AKIA" },
            /^AWS_PROFILE=lab: AWS_ACCESS_KEY_ID is set too.*'unset AWS_/,
        ],
    ];
    for (const [args, env, message] of refused) {
        it(`is refused: ${[...args, ...Object.keys(env)].join(" ")}`, () => {
            assert.throws(() => readOptions(args, env), { message });
        });
    }

    it("is an address, or a block of one's own", () => {
        assert.equal(readSshCidr("203.0.113.7"), "203.0.113.7/32");
        assert.equal(readSshCidr("203.0.113.7/24"), "203.0.113.0/24");
    });

    it("goes before the environment, and the first of its variables before the second", () => {
        const env = { AWS_REGION: "eu-north-1", AWS_DEFAULT_REGION: "us-east-1" };
        assert.equal(readOptions(["--region", "ap-northeast-2"], env).region, "ap-northeast-2");
        assert.equal(readOptions([], env).region, "eu-north-1");
        assert.equal(readOptions([], { AWS_DEFAULT_REGION: "us-east-1" }).region, "us-east-1");
        assert.equal(readOptions([], {}).region, undefined);
    });
});

describe("what a run has in the account", () => {
    const all = {
        Vpcs: [
            { VpcId: "vpc-1", Tags: tags },
            { VpcId: "vpc-2", Tags: [{ Key: runTag, Value: "another" }] },
            { VpcId: "vpc-3" },
        ],
        SecurityGroups: [
            { GroupId: "sg-1", GroupName: "default", VpcId: "vpc-1" },
            { GroupId: "sg-2", GroupName: "default", VpcId: "vpc-2" },
        ],
        SecurityGroupRules: [
            { SecurityGroupRuleId: "sgr-1", GroupId: "sg-1" },
            { SecurityGroupRuleId: "sgr-2", GroupId: "sg-2" },
        ],
        Instances: [
            { InstanceId: "i-1", VpcId: "vpc-1", State: { Name: "running" } },
            { InstanceId: "i-2", VpcId: "vpc-2", State: { Name: "running" } },
            { InstanceId: "i-3", VpcId: undefined, State: { Name: "terminated" }, Tags: tags },
        ],
        Volumes: [
            { VolumeId: "vol-1", Attachments: [{ InstanceId: "i-1" }], State: "in-use" },
            { VolumeId: "vol-2", Attachments: [{ InstanceId: "i-2" }], State: "in-use" },
        ],
        VpcPeeringConnections: [{ VpcPeeringConnectionId: "pcx-1", Status: { Code: "deleted" }, Tags: tags }],
        KeyPairs: [{ KeyPairId: "key-1", KeyName: "lab-key-1" }],
    };

    it("has its tag, an ID that was seen, or belongs to such a thing; another run's is not touched", () => {
        const own = itemsOf(all, names.run, ["key-1"]);
        assert.deepEqual(idsOf(own).sort(), ["i-1", "i-3", "key-1", "pcx-1", "sg-1", "sgr-1", "vol-1", "vpc-1"]);
    });

    it("stands until it is gone; what AWS deletes with a VPC is gone with it", () => {
        const own = itemsOf(all, names.run, ["key-1"]);
        const keys = standing(own).map(({ key }) => key);
        assert.ok(!keys.includes("Instances i-3") && !keys.includes("VpcPeeringConnections pcx-1"));
        assert.ok(keys.includes("SecurityGroups sg-1"));
        const left = standing({ SecurityGroups: own["SecurityGroups"] ?? [], NetworkAcls: [] });
        assert.deepEqual(left, []);
    });

    it("is deleted by its ID only if it does not go with another one", () => {
        const removed = standing(itemsOf(all, names.run, ["key-1"])).filter(({ remove }) => remove);
        assert.deepEqual(
            removed.map(({ id }) => id),
            ["i-1", "vol-1", "vpc-1", "key-1"],
        );
    });
});

describe("the shape of answers", () => {
    const described = {
        Vpcs: [
            { VpcId: "vpc-0123456789abcdef0", OwnerId: names.account, IsDefault: false, Tags: [...tags] },
            { VpcId: "vpc-0123456789abcdef1", State: "available", DhcpOptionsId: undefined },
        ],
        Instances: [
            {
                LaunchTime: new Date(0),
                PublicIpAddress: "54.1.2.3",
                PrivateIpAddress: "10.41.1.100",
                PublicDnsName: "ec2-54-1-2-3.eu-north-1.compute.amazonaws.com",
                Placement: { AvailabilityZone: "eu-north-1a" },
                MacAddress: "06:00:aa:bb:cc:dd",
                StateTransitionReason: "User initiated (2026-12-01 04:12:16 GMT)",
            },
        ],
    };

    it("has paths and values, without what differs from run to run", () => {
        assert.deepEqual(shapeOf(described, names), {
            "Instances[].LaunchTime": ["<time>"],
            "Instances[].MacAddress": ["<mac>"],
            "Instances[].Placement.AvailabilityZone": ["<zone>"],
            "Instances[].PrivateIpAddress": ["10.41.1.100"],
            "Instances[].PublicDnsName": ["ec2-<address>.<region>.compute.amazonaws.com"],
            "Instances[].PublicIpAddress": ["<address>"],
            "Instances[].StateTransitionReason": ["User initiated (<time>)"],
            "Vpcs[].IsDefault": ["false"],
            "Vpcs[].OwnerId": ["<account>"],
            "Vpcs[].State": ["available"],
            "Vpcs[].Tags[].vpc-peering-lab:on-aws": ["<run>"],
            "Vpcs[].VpcId": ["<vpc>"],
        });
    });

    it("differs by path: a value, a field that only one has", () => {
        const [aws, sandbox] = [
            { "Volumes[].VolumeType": ["gp3"], "Vpcs[].State": ["available"], "Vpcs[].New": ["1"] },
            { "Volumes[].VolumeType": ["gp2"], "Vpcs[].State": ["available"], "Vpcs[].Old": ["2"] },
        ];
        assert.deepEqual(differences(aws, sandbox), [
            { path: "Volumes[].VolumeType", aws: ["gp3"], sandbox: ["gp2"] },
            { path: "Vpcs[].New", aws: ["1"], sandbox: [] },
            { path: "Vpcs[].Old", aws: [], sandbox: ["2"] },
        ]);
    });

    it("hides who asked", () => {
        const text =
            "arn:aws:sts::111111111111:assumed-role/Admin/me@here is not authorized; from 203.0.113.7, AROAABCDEFGHIJKLMNOPQ:me@here owner 222222222222, arn:aws:ec2:eu-north-1:111111111111:vpc/vpc-1";
        assert.equal(
            masked(text, names),
            "<principal> is not authorized; from <your address>, <principal> owner <other account>, arn:aws:ec2:eu-north-1:<account>:vpc/vpc-1",
        );
    });
});

describe("the report of a run", () => {
    const act = (name: string) => ({ name, started: "2026-12-01T00:00:00.000Z", seconds: 1, errors: [] as string[] });
    const run: Run = {
        id: names.run,
        pid: 1,
        started: "2026-12-01T00:00:00.000Z",
        region: names.region,
        account: names.account,
        sshCidr: names.sshCidr,
        versions: { "Pulumi CLI": "3.259.0" },
        acts: ["base", "peering", "peering off", "destroy"].map(act),
        ids: ["vpc-1"],
        swept: [],
        left: [],
    };
    const isProven = (changed: Partial<Run>) =>
        (JSON.parse(reportOf({ ...run, ...changed }, {}).json) as { proven: boolean }).proven;

    it("is proof only if all acts were played without an error and nothing is left", () => {
        assert.ok(isProven({}));
        const { left: _, ...unseen } = run;
        assert.ok(!(JSON.parse(reportOf(unseen, {}).json) as { proven: boolean }).proven);
        assert.ok(!isProven({ left: ["Vpcs vpc-1"] }));
        assert.ok(!isProven({ acts: run.acts.slice(1) }));
        assert.ok(!isProven({ acts: run.acts.map((one, index) => (index === 1 ? { ...one, errors: ["x"] } : one)) }));
    });

    it("tells a difference once, in the first act that has it", () => {
        const found = { Volumes: [{ VolumeType: "gp3" }] };
        const acts = run.acts.map((one) => ({ ...one, described: found }));
        const shape = { "Volumes[].VolumeType": ["gp2"] };
        const baseline = Object.fromEntries(acts.map(({ name }) => [name, shape]));
        const { page } = reportOf({ ...run, acts }, baseline);
        assert.equal(page.match(/\| `Volumes\[\]\.VolumeType` \| `gp3` \| `gp2` \|/g)?.length, 1);
        assert.equal(page.match(/No difference\./g)?.length, 3);
    });
});
