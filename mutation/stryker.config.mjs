/** Mutation tests: breaks the program one line at a time and asks whether a test notices. `npm run test:mutation`. */
export default {
    mutate: ["settings.ts", "settings/**/*.ts", "components/**/*.ts", "reachability/*.ts"],
    testRunner: "mocha",
    plugins: [import.meta.resolve("@stryker-mutator/mocha-runner")],
    mochaOptions: {
        config: "tests/.mocharc.json",
        // Those that wait longest come last: a line that runs as a file loads is tried with all tests until one fails.
        spec: [
            // The test of doc comments reads the sources, which the mutants are in.
            "tests/!(overSsh|scripts|publicDocs).test.ts",
            "reachability/tests/*.test.ts",
            "report/tests/*.test.ts",
            "tests/scripts.test.ts",
            "tests/overSsh.test.ts",
        ],
    },
    coverageAnalysis: "perTest",
    ignorePatterns: ["reports", "mutation", "release/installed", "release/package"],
    // In the copy the package's name leads to the copy's components, and packages are found in a folder above it. No shell reads this
    // command: it is split at spaces.
    symlinkNodeModules: false,
    buildCommand:
        'node -e fs.mkdirSync("node_modules");fs.symlinkSync("../components","node_modules/pulumi-vpc-peering")',
    concurrency: 2,
    reporters: ["clear-text", "progress", "html"],
    clearTextReporter: { allowColor: false, logTests: false },
    thresholds: { high: 95, low: 90, break: 95 },
};
