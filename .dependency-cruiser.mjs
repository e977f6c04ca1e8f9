/**
 * Which room may import which; imports of types count. `npm run lint:imports`.
 *
 * A room is a folder or a file. It may import itself and the rooms named beside it, nothing else of the project.
 */
/** The package's entries, by which the lab uses it as anybody does. */
const published = ["components/index.ts", "components/check.ts", "components/rules.ts"];
const program = {
    "index.ts": ["settings.ts", "settings/", ...published, "components/internal.ts", "reachability/"],
    "commands/": ["components/", "reachability/", "report/"],
    "on-aws/": [],
    "settings.ts": ["settings/", ...published],
    "settings/": published,
    "docs/": ["settings.ts", "settings/", "components/", "reachability/", "report/"],
    "plugin/": [...published, "components/internal.ts"],
    "tests/": [
        "index.ts",
        "settings.ts",
        "settings/",
        "docs/",
        "commands/",
        "on-aws/",
        "components/",
        "plugin/",
        "reachability/",
    ],
    "components/index.ts": ["components/peering/", "components/lab/", "components/check/", "components/addresses/"],
    "components/check.ts": ["components/check/"],
    "components/rules.ts": ["components/peering/", "components/lab/", "components/check/", "components/addresses/"],
    "components/internal.ts": ["components/peering/", "components/lab/"],
    "components/lab/": ["components/peering/", "components/check/", "components/addresses/"],
    "components/check/": [],
    "components/peering/": ["components/addresses/"],
    "components/addresses/": [],
    "components/problems.ts": [],
    "components/shell.ts": [],
    "components/ordering.ts": [],
    "components/namespaces.ts": [],
    "components/nearest.ts": [],
};
/** Files at the root of components/ that its rooms share. */
const shared = ["problems", "shell", "ordering", "namespaces", "nearest"].map((name) => `components/${name}.ts`);

const sandbox = {
    "sandbox/start.mjs": ["sandbox/launch/", "sandbox/cache/"],
    "sandbox/launch/": [
        "sandbox/lab/",
        "sandbox/servers/",
        "sandbox/network/",
        "sandbox/api/",
        "sandbox/engine/",
        "sandbox/cache/",
    ],
    "sandbox/lab/": ["sandbox/network/", "sandbox/cache/", "sandbox/api/client/", "reachability/", "report/"],
    "sandbox/servers/": ["sandbox/cache/"],
    "sandbox/network/reconciler.ts": ["sandbox/network/", "sandbox/api/client/"],
    "sandbox/network/flowLogs/": ["sandbox/network/planned/", "sandbox/network/described/", "sandbox/api/client/"],
    "sandbox/network/applied/": ["sandbox/network/planned/", "sandbox/network/described/", "sandbox/cache/"],
    "sandbox/network/planned/": ["sandbox/network/described/", "sandbox/api/client/"],
    "sandbox/network/described/": ["sandbox/api/client/"],
    "sandbox/api/": ["sandbox/cache/"],
    "sandbox/api/client/": [],
    "sandbox/engine/": ["sandbox/cache/"],
    "sandbox/cache/": [],
    "sandbox/compare/": ["sandbox/"],
    "sandbox/tests/": ["sandbox/", "reachability/"],
};
/** What describes a sandbox and a server, without code, for every room. */
const described = ["sandbox/context.ts", "sandbox/serverSpec.ts"];

/** Why a packet passes or not, in words and in pictures: knows neither the program nor the sandbox. */
const analysis = { "reachability/": [], "report/": ["reachability/"] };

/** @param {string[]} paths */
const starting = (paths) => `^(${paths.map((path) => path.replaceAll(".", "\\.")).join("|")})`;
/** What packs the package and installs it; its projects are programs of their own. */
const release = { "release/": ["sandbox/cache/", "sandbox/tests/"], "release/projects/": published };
const rooms = { ...program, ...sandbox, ...analysis, ...release };

/**
 * A room that holds other rooms does not speak for them.
 * @param {string} room
 */
const inner = (room) => Object.keys(rooms).filter((other) => other !== room && other.startsWith(room));

const walls = Object.entries(rooms).map(([room, others]) => {
    const common = room.startsWith("components/") ? shared : room.startsWith("sandbox/") ? described : [];
    return {
        name: room,
        comment: `${room} may import ${[...others, ...common].join(", ") || "no other room"}.`,
        severity: "error",
        from: { path: starting([room]), ...(inner(room).length > 0 && { pathNot: starting(inner(room)) }) },
        to: { pathNot: [starting([room, ...others, ...common]), "node_modules/"], dependencyTypesNot: ["core"] },
    };
});

export default {
    forbidden: [
        ...walls,
        {
            name: "no circles",
            comment: "Put what both need below them.",
            severity: "error",
            from: {},
            to: { circular: true },
        },
    ],
    options: {
        doNotFollow: { path: "node_modules" },
        exclude: {
            path: "(^|/)(node_modules|reports|\\.stryker-tmp|release/(package|installed))/|^report/browser/page\\.test",
        },
        tsConfig: { fileName: "tsconfig.json" },
        tsPreCompilationDeps: true,
        combinedDependencies: false,
    },
};
