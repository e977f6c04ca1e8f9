/** Mutation tests: breaks the program one line at a time and asks whether a test notices. `npm run test:mutation`. */
export default {
    mutate: ["settings.ts", "settings/**/*.ts", "components/**/*.ts", "reachability/*.ts"],
    testRunner: "mocha",
    plugins: [import.meta.resolve("@stryker-mutator/mocha-runner")],
    mochaOptions: {
        config: "tests/.mocharc.json",
        // Those that wait longest come last: a line that runs as a file loads is tried with all tests until one fails.
        spec: [
            "tests/!(overSsh|scripts).test.ts",
            "reachability/tests/*.test.ts",
            "report/tests/*.test.ts",
            "tests/scripts.test.ts",
            "tests/overSsh.test.ts",
        ],
    },
    coverageAnalysis: "perTest",
    ignorePatterns: ["reports", "mutation", "release"],
    // In the copy the package's name leads to the copy's components, and packages are found in a folder above it.
    symlinkNodeModules: false,
    buildCommand: "mkdir node_modules && ln -s ../components node_modules/pulumi-vpc-peering",
    concurrency: 2,
    reporters: ["clear-text", "progress", "html"],
    clearTextReporter: { allowColor: false, logTests: false },
    thresholds: { high: 95, low: 90, break: 95 },
};
