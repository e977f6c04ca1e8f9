import { mock } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import * as state from "@pulumi/pulumi/runtime/state";
import type { ICallbackServer } from "@pulumi/pulumi/runtime/callbacks";
import { MockMonitor, type MockCallArgs, type MockResourceArgs } from "@pulumi/pulumi/runtime/mocks";

/** One registration as the engine would have got it. */
export interface Registration {
    readonly type: string;
    readonly name: string;
    readonly inputs: Record<string, unknown>;
    /** Name of the parent; empty for the stack's own. */
    readonly parent: string;
    /** Names of everything that must be there before, by data or by `dependsOn`. */
    readonly dependencies: readonly string[];
    readonly provider: string;
    /** Undefined where the program leaves it to the engine. */
    readonly deleteBeforeReplace: boolean | undefined;
    readonly replaceOnChanges: readonly string[];
    readonly replacementTrigger: unknown;
    readonly ignoreChanges: readonly string[];
    /** How long its creation may take; undefined where the provider decides. */
    readonly createTimeout: string | undefined;
    /** URNs by which the state may have it. */
    readonly aliases: readonly string[];
}

/** What a program registered, asked for and put out. */
export interface Deployment {
    /** What is to run before a resource is created; throws when there is nothing. */
    readonly beforeCreate: (name: string, newInputs: Record<string, unknown>, urn?: string) => Promise<void>;
    /** Whether that runs in a preview too. */
    readonly previewed: (name: string) => boolean;
    /** Runs the error hook of a resource, whose name the hook has; returns whether to try again. */
    readonly onError: (name: string) => Promise<boolean>;
    readonly registrations: readonly Registration[];
    readonly calls: readonly MockCallArgs[];
    /** Outputs by which components were closed, by name. */
    readonly outputs: ReadonlyMap<string, readonly string[]>;
    /** The one registration of that name; throws when there is none. */
    readonly get: (name: string) => Registration;
}

/** The parts of the engine's request that mocks are not shown. */
interface Request {
    getType(): string;
    getName(): string;
    getParent(): string;
    getDependenciesList(): string[];
    getProvider(): string;
    getDeletebeforereplace(): boolean;
    getDeletebeforereplacedefined(): boolean;
    getReplaceonchangesList(): string[];
    getReplacementTrigger(): { toJavaScript(): unknown } | undefined;
    getIgnorechangesList(): string[];
    getCustomtimeouts(): { getCreate(): string } | undefined;
    getAliasesList(): { getUrn(): string }[];
    getHooks(): { getBeforeCreateList(): string[] } | undefined;
}

const nameOf = (urn: string): string => urn.split("::").at(-1) ?? "";

/** The id by which components know what is theirs. */
export const ownerId = "0b6f2a51-7c1e-4d0a-9b7e-5f2d3c4b1a00";

/** What AWS adds to each kind of resource; a kind that is not here is a mistake. */
const computed: Record<string, (args: MockResourceArgs) => Record<string, unknown>> = {
    "pulumi:pulumi:Stack": () => ({}),
    // An owner's id is there from an earlier update.
    "pulumi:index:Stash": ({ name, inputs }) => ({
        output: name.endsWith("-owner") ? ownerId : (inputs as { input: unknown }).input,
    }),
    "pulumi:providers:aws": () => ({}),
    "vpc-peering:index:VpcPeering": () => ({}),
    "vpc-peering:index:PeeredVpcPair": () => ({}),
    "vpc-peering-lab:components:LabVpc": () => ({}),
    "vpc-peering-lab:components:PeeredVpcPair": () => ({}),
    "vpc-peering-lab:components:VpcPeering": () => ({}),
    "vpc-peering-lab:components:ReachabilityCheck": () => ({}),
    "aws:ec2/vpc:Vpc": () => ({}),
    "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation": () => ({}),
    "aws:ec2/internetGateway:InternetGateway": () => ({}),
    "aws:ec2/routeTable:RouteTable": () => ({}),
    "aws:ec2/route:Route": () => ({}),
    "aws:ec2/subnet:Subnet": () => ({}),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": () => ({}),
    "aws:ec2/securityGroup:SecurityGroup": () => ({}),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": () => ({}),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": () => ({}),
    "aws:ec2/keyPair:KeyPair": ({ name }) => ({ keyName: `${name}-generated` }),
    "aws:ec2/instance:Instance": ({ name }) => ({ publicIp: `public-ip-of-${name}`, publicDns: `dns-of-${name}` }),
    "aws:ec2/vpcPeeringConnection:VpcPeeringConnection": () => ({}),
    "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter": () => ({ acceptStatus: "active" }),
    "aws:ec2/peeringConnectionOptions:PeeringConnectionOptions": () => ({}),
    "command:local:Command": ({ name }) => ({ stdout: stdoutOf(name) }),
};

/** What the scripts print, by the role of the command that runs them. */
function stdoutOf(name: string): string {
    if (name.endsWith("-access-log")) {
        return '{"client":"10.41.1.100"}';
    }
    return name.endsWith("-ready")
        ? '{"ready":true}'
        : '{"icmp":"reply","http":"page","dns":"private","resolved":"10.42.1.100","roundTripMs":0.25,"measured":"2026-01-31T12:00:00Z","mark":"abc"}';
}

/**
 * What AWS answers to each question, and what the state already has of a type of resource; `provider` is the one that it goes
 * through, empty for the default one.
 */
export type Answers = Record<string, (inputs: Record<string, unknown>, provider: string) => Record<string, unknown>>;

const answers: Answers = {
    "aws:index/getRegion:getRegion": () => ({ region: "ap-northeast-2" }),
    "aws:index/getCallerIdentity:getCallerIdentity": () => ({ accountId: "111111111111" }),
    "aws:index/getAvailabilityZones:getAvailabilityZones": () => ({ names: ["ap-northeast-2a", "ap-northeast-2b"] }),
    // Every type in every zone.
    "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": ({ filters }) => {
        const types = (filters as { values: string[] }[])[0]?.values ?? [];
        return {
            instanceTypes: types.flatMap((type) => [type, type]),
            locations: types.flatMap(() => ["ap-northeast-2b", "ap-northeast-2a"]),
        };
    },
    // Those that are asked for by their ids are there.
    "aws:ec2/getVpcs:getVpcs": ({ filters }) => {
        const [one] = (filters ?? []) as { name: string; values: string[] }[];
        return { ids: one?.name === "vpc-id" ? one.values : [] };
    },
    "aws:ssm/getParameter:getParameter": ({ name }) => ({ insecureValue: `image-of-${String(name)}` }),
    "aws:ec2/getVpcPeeringConnection:getVpcPeeringConnection": () => ({ status: "active" }),
    // The state has nothing that matters.
    "pulumi:pulumi:readStackResourceOutputs": () => ({ outputs: {} }),
};

/** Two accounts and regions: that of a provider called `there`, and everybody else's. */
export const elsewhere: Answers = {
    "aws:index/getRegion:getRegion": (_, provider) => ({ region: provider === "there" ? "us-west-2" : "us-east-1" }),
    "aws:index/getCallerIdentity:getCallerIdentity": (_, provider) => ({
        accountId: provider === "there" ? "222222222222" : "111111111111",
    }),
};

/** The same, with connections that have this status. */
export const withStatus = (status: string): Answers => ({
    ...elsewhere,
    "aws:ec2/getVpcPeeringConnection:getVpcPeeringConnection": () => ({ status }),
});

/**
 * Runs a program against an engine that records, and waits until all of it is registered. Throws on a resource or call
 * that it does not know.
 */
export async function deploy(
    program: () => unknown,
    config: Record<string, string> = {},
    secretKeys: string[] = [],
    more: Answers = {},
): Promise<Deployment> {
    const registrations: Registration[] = [];
    const calls: MockCallArgs[] = [];
    const outputs = new Map<string, string[]>();
    const requests = new Map<string, Request>();
    await pulumi.runtime.setMocks(
        {
            newResource: (args) => {
                const computedBy = computed[args.type];
                if (!computedBy) {
                    throw new Error(`mocks: no resource of type ${args.type} is expected`);
                }
                const registration = registrationOf(args, requests.get(`${args.type} ${args.name}`));
                registrations.push(registration);
                // An acceptance has the id of the connection that it accepts.
                const accepted = registration.inputs["vpcPeeringConnectionId"] as string;
                const id = args.type.endsWith("Accepter") ? accepted : `id-of-${args.name}`;
                const { inputs } = registration;
                return { id, state: { ...inputs, ...computedBy(args), ...more[args.type]?.(inputs, "") } };
            },
            call: (args) => {
                const answer = more[args.token] ?? answers[args.token];
                if (!answer) {
                    throw new Error(`mocks: no call of ${args.token} is expected`);
                }
                if (!args.token.startsWith("pulumi:")) {
                    calls.push(args);
                }
                return answer(
                    args.inputs as Record<string, unknown>,
                    nameOf((args.provider ?? "").replace(/::[^:]*$/, "")),
                );
            },
        },
        "vpc-peering-lab",
        "test",
        false,
        "organization",
    );
    const hooks = new Map<string, pulumi.ResourceHook | pulumi.ErrorHook>();
    record(requests, outputs, hooks);
    pulumi.runtime.setAllConfig(config, secretKeys);
    process.env["PULUMI_CONFIG_SECRET_KEYS"] = JSON.stringify(secretKeys);
    const mapped = Object.getOwnPropertyDescriptor(Error, "prepareStackTrace");
    // The SDK notes a stack trace with every resource and promise; to map each to its source takes most of the time.
    Object.defineProperty(Error, "prepareStackTrace", { configurable: true, writable: true, value: undefined });
    try {
        await program();
    } finally {
        await settled(registrations);
        Object.defineProperty(Error, "prepareStackTrace", mapped ?? { value: undefined });
    }
    const requested = (name: string) => [...requests.values()].find((request) => request.getName() === name);
    const before = (name: string): pulumi.ResourceHook => {
        const [hook = ""] = requested(name)?.getHooks()?.getBeforeCreateList() ?? [];
        const found = hooks.get(hook);
        if (!pulumi.ResourceHook.isInstance(found)) {
            throw new Error(`nothing runs before ${name} is created`);
        }
        return found;
    };
    return {
        registrations,
        calls,
        outputs,
        beforeCreate: async (name, newInputs, urn = "") => {
            await before(name).callback({ urn, id: "", name, type: requested(name)?.getType() ?? "", newInputs });
        },
        previewed: (name) => before(name).opts?.onDryRun ?? false,
        onError: async (name) => {
            const hook = hooks.get(name);
            if (!pulumi.ErrorHook.isInstance(hook)) {
                throw new Error(`nothing runs when ${name} fails`);
            }
            return hook.callback({ urn: "", id: "", name, type: "", failedOperation: "create", errors: [] });
        },
        get: (name) => {
            const found = registrations.filter((registration) => registration.name === name);
            if (found.length !== 1 || !found[0]) {
                throw new Error(`${found.length} registrations are called ${name}`);
            }
            return found[0];
        },
    };
}

/** Keeps what the mocks are not shown: each resource's request, the outputs of components, and hooks, which mocks have none of. */
function record(
    requests: Map<string, Request>,
    outputs: Map<string, string[]>,
    hooks: Map<string, pulumi.ResourceHook | pulumi.ErrorHook>,
): void {
    const keep = (hook: pulumi.ResourceHook | pulumi.ErrorHook): Promise<void> => {
        hooks.set(hook.name, hook);
        return Promise.resolve();
    };
    const callbacks: Pick<
        ICallbackServer,
        "registerResourceHook" | "registerErrorHook" | "awaitStackRegistrations" | "shutdown"
    > = {
        registerResourceHook: keep,
        registerErrorHook: keep,
        awaitStackRegistrations: () => Promise.resolve(),
        shutdown: () => undefined,
    };
    (state as unknown as { getStore(): { callbacks: object } }).getStore().callbacks = callbacks;
    const monitor = pulumi.runtime.getMonitor() as unknown as MockMonitor & { registerResourceHook: unknown };
    monitor.registerResourceHook = keep;
    const register = monitor.registerResource.bind(monitor);
    monitor.registerResource = (request: Request, callback) => {
        requests.set(`${request.getType()} ${request.getName()}`, request);
        return register(request, callback);
    };
    const close = monitor.registerResourceOutputs.bind(monitor);
    monitor.registerResourceOutputs = (
        request: { getUrn(): string; getOutputs(): { toJavaScript(): object } },
        callback,
    ) => {
        outputs.set(nameOf(request.getUrn()), Object.keys(request.getOutputs().toJavaScript()).sort());
        close(request, callback);
    };
}

/** What the engine was asked for, as the tests look at it. */
function registrationOf(args: MockResourceArgs, request: Request | undefined): Registration {
    if (!request) {
        throw new Error(`mocks: ${args.name} was not asked for`);
    }
    return {
        type: args.type,
        name: args.name,
        // A new id in each run.
        inputs: args.name.endsWith("-owner") ? {} : (args.inputs as Record<string, unknown>),
        parent: nameOf(request.getParent()),
        dependencies: request.getDependenciesList().map(nameOf).sort(),
        provider: nameOf(request.getProvider()),
        deleteBeforeReplace: request.getDeletebeforereplacedefined() ? request.getDeletebeforereplace() : undefined,
        replaceOnChanges: request.getReplaceonchangesList(),
        replacementTrigger: request.getReplacementTrigger()?.toJavaScript(),
        ignoreChanges: request.getIgnorechangesList(),
        createTimeout: request.getCustomtimeouts()?.getCreate() || undefined,
        aliases: request
            .getAliasesList()
            .map((alias) => alias.getUrn())
            .filter((urn) => urn !== ""),
    };
}

/** Waits until nothing more comes: an output that is awaited on the way may register more after the queue was empty. */
async function settled(registrations: readonly Registration[]): Promise<void> {
    for (let seen = -1; seen !== registrations.length;) {
        seen = registrations.length;
        await new Promise((resolve) => setTimeout(resolve, 5));
        await (pulumi.runtime as unknown as { waitForRPCs(): Promise<void> }).waitForRPCs();
    }
}

/** The value of an output, once it is there. */
export function valueOf<Value>(output: pulumi.Output<Value>): Promise<Value> {
    return new Promise((resolve) => {
        output.apply((value) => {
            resolve(value);
        });
    });
}

/** What a program fails with that fails only on the way, and what it had made by then. */
export async function failure(program: () => unknown, answers: Answers): Promise<{ messages: string; made: string[] }> {
    const listeners = process.listeners("unhandledRejection");
    const messages: string[] = [];
    process.removeAllListeners("unhandledRejection").on("unhandledRejection", (error: Error) => {
        messages.push(error.message);
    });
    const log = mock.method(pulumi.log, "error", () => Promise.resolve());
    try {
        const { registrations } = await deploy(program, {}, [], answers);
        await new Promise((resolve) => setTimeout(resolve, 10));
        const made = registrations.filter(({ type }) => type.startsWith("aws:")).map(({ name }) => name);
        return { messages: messages.join("\n"), made };
    } finally {
        log.mock.restore();
        process.removeAllListeners("unhandledRejection");
        for (const listener of listeners) {
            process.on("unhandledRejection", listener);
        }
    }
}
