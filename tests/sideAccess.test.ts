import * as assert from "assert";
import type { Provider } from "@pulumi/aws/provider";
import { placeOf, sideProvider, type SideAccess } from "../components/peering/sideAccess";
import type { Place } from "../components/peering/sides";
import { readProviderSettings } from "../settings";
import { deploy, type Answers } from "./mocks";

const roleArn = "arn:aws:iam::222222222222:role/peering";
const answers: Answers = {
    "aws:index/getRegion:getRegion": (_, provider) => ({ region: `region through ${provider}` }),
    "aws:index/getCallerIdentity:getCallerIdentity": (_, provider) => ({ accountId: `account through ${provider}` }),
};

describe("sideProvider", () => {
    const cases: [what: string, access: SideAccess, region: string | undefined, made: [string, object] | undefined][] =
        [
            ["nothing said", {}, "us-east-1", undefined],
            ["an account alone, which says where but not how", { accountId: "222222222222" }, "us-east-1", undefined],
            ["an external id alone", { externalId: "x" }, "us-east-1", undefined],
            ["a region", { region: "us-west-2" }, "us-east-1", ["lab-us-west-2", { region: "us-west-2" }]],
            ["a profile", { profile: "me" }, "us-east-1", ["lab-us-east-1-me", { region: "us-east-1", profile: "me" }]],
            ["a profile without any region", { profile: "me" }, undefined, ["lab-me", { profile: "me" }]],
            [
                "a role, by its account",
                { roleArn },
                "us-east-1",
                [
                    "lab-us-east-1-222222222222",
                    { region: "us-east-1", assumeRoles: [{ roleArn, sessionName: "vpc-peering" }] },
                ],
            ],
            [
                "a role without any region",
                { roleArn },
                undefined,
                ["lab-222222222222", { assumeRoles: [{ roleArn, sessionName: "vpc-peering" }] }],
            ],
            [
                "everything, the role's account before the profile",
                { region: "us-west-2", profile: "me", roleArn, externalId: "x", accountId: "222222222222" },
                "us-east-1",
                [
                    "lab-us-west-2-222222222222",
                    {
                        region: "us-west-2",
                        profile: "me",
                        assumeRoles: [{ roleArn, sessionName: "vpc-peering", externalId: "x" }],
                    },
                ],
            ],
        ];
    for (const [what, access, region, made] of cases) {
        it(`makes ${made === undefined ? "nothing" : made[0]} of ${what}`, async () => {
            let provider: Provider | undefined;
            const { registrations } = await deploy(() => {
                provider = sideProvider("lab", access, region);
            });
            assert.strictEqual(provider === undefined, made === undefined);
            assert.deepStrictEqual(
                registrations.map(({ type, name, inputs }) => [type, name, read(inputs)]),
                made === undefined ? [] : [["pulumi:providers:aws", ...made]],
            );
        });
    }
});

describe("sideProvider on a stack with aws:* settings", () => {
    const settings = {
        "aws:region": "ap-northeast-2",
        "aws:profile": "stack",
        "aws:accessKey": "AKIA",
        "aws:secretKey": "word",
        "aws:token": "other",
        "aws:allowedAccountIds": '["111111111111"]',
        "aws:defaultTags": '{"tags":{"team":"network"}}',
        "aws:endpoints": '[{"ec2":"http://localhost:1"}]',
        "aws:maxRetries": "3",
        "aws:assumeRoles": '[{"roleArn":"arn:aws:iam::111111111111:role/stack"}]',
        "aws:assumeRoleWithWebIdentity": '{"roleArn":"arn:aws:iam::111111111111:role/web"}',
    };
    /** Inputs of the provider, without those that are the SDK's defaults; a secret is its value. */
    const inputsOf = async (access: SideAccess, secretKeys: string[] = []) => {
        const { registrations } = await deploy(
            () => sideProvider("lab", access, "ap-northeast-2", readProviderSettings()),
            settings,
            secretKeys,
        );
        const { skipCredentialsValidation, skipRegionValidation, ...inputs } = registrations[0]?.inputs ?? {};
        assert.deepStrictEqual([skipCredentialsValidation, skipRegionValidation], ["false", "true"]);
        return inputs;
    };
    const shared = {
        allowedAccountIds: settings["aws:allowedAccountIds"],
        defaultTags: settings["aws:defaultTags"],
        endpoints: settings["aws:endpoints"],
        maxRetries: "3",
    };
    const keys = { accessKey: "AKIA", secretKey: "word", token: "other" };
    const role = JSON.stringify([{ roleArn, sessionName: "vpc-peering" }]);

    it("takes all of them to another region", async () => {
        assert.deepStrictEqual(plain(await inputsOf({ region: "us-west-2" })), {
            ...shared,
            ...keys,
            region: "us-west-2",
            profile: "stack",
            assumeRoles: settings["aws:assumeRoles"],
            assumeRoleWithWebIdentity: settings["aws:assumeRoleWithWebIdentity"],
        });
    });

    it("takes none of the stack's credentials where the side has a profile", async () => {
        assert.deepStrictEqual(plain(await inputsOf({ profile: "me" })), {
            ...shared,
            region: "ap-northeast-2",
            profile: "me",
        });
    });

    it("assumes the side's role with the stack's credentials, and allows its account", async () => {
        assert.deepStrictEqual(plain(await inputsOf({ roleArn, accountId: "222222222222" })), {
            ...shared,
            ...keys,
            region: "ap-northeast-2",
            profile: "stack",
            assumeRoles: role,
            allowedAccountIds: '["222222222222"]',
        });
    });

    it("keeps secret what is secret there", async () => {
        const inputs = await inputsOf({ region: "us-west-2" }, ["aws:profile"]);
        assert.ok(isSecret(inputs["profile"]) && isSecret(inputs["secretKey"]));
        assert.ok(!isSecret(inputs["region"]));
    });
});

interface Secret {
    readonly value: unknown;
}

/** Whether the engine gets the value as a secret. */
function isSecret(value: unknown): value is Secret {
    return typeof value === "object" && value !== null && "value" in value;
}

/** Inputs with the values of secrets. */
function plain(inputs: Record<string, unknown>): Record<string, unknown> {
    return Object.fromEntries(
        Object.entries(inputs).map(([key, value]) => [key, isSecret(value) ? value.value : value]),
    );
}

/** A provider's inputs as they were meant: the engine gets all but texts as JSON; what the SDK adds is left out. */
function read(inputs: Record<string, unknown>): object {
    const { region, profile, assumeRoles } = inputs;
    return Object.fromEntries(
        Object.entries({
            region,
            profile,
            assumeRoles: assumeRoles && (JSON.parse(assumeRoles as string) as unknown),
        }).filter(([, value]) => value !== undefined),
    );
}

describe("placeOf", () => {
    it("asks the provider of the side, or the default one, and takes the region that is given", async () => {
        let places: Place[] = [];
        await deploy(
            async () => {
                const provider = sideProvider("lab", { region: "us-west-2" }, undefined);
                places = [await placeOf({}), await placeOf(provider ? { provider } : {}, "us-east-2")];
            },
            {},
            [],
            answers,
        );
        assert.deepStrictEqual(places, [
            { region: "region through ", accountId: "account through ", ofProvider: "region through " },
            {
                region: "us-east-2",
                accountId: "account through lab-us-west-2",
                ofProvider: "region through lab-us-west-2",
            },
        ]);
    });
});
