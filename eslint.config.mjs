import js from "@eslint/js";
import tseslint from "typescript-eslint";

/** Forbids imports across the wall between the program and its sandbox. */
const wall = (group, message) => ({
    "no-restricted-imports": ["error", { patterns: [{ group, message }] }],
});

export default tseslint.config(
    { ignores: ["node_modules/", "reports/", ".stryker-tmp/"] },
    js.configs.recommended,
    ...tseslint.configs.strictTypeChecked,
    {
        languageOptions: {
            parserOptions: {
                project: ["./tsconfig.json", "./sandbox/tsconfig.json"],
                tsconfigRootDir: import.meta.dirname,
            },
        },
        rules: {
            "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
        },
    },
    {
        files: ["index.ts", "settings.ts", "settings/**", "components/**", "docs/**", "tests/**"],
        rules: wall(["**/sandbox/**"], "The program does not know the sandbox."),
    },
    {
        files: ["sandbox/**"],
        rules: wall(
            ["**/components/**", "../index*", "../settings*", "../../index*", "../../settings*"],
            "The sandbox does not know the program: they meet in configuration and in the EC2 API's state.",
        ),
    },
    // No TypeScript project has the configuration files.
    { files: ["*.mjs"], ...tseslint.configs.disableTypeChecked },
    {
        files: ["**/*.mjs"],
        languageOptions: { globals: { process: "readonly", console: "readonly", URL: "readonly" } },
    },
);
