import { execFileSync } from "node:child_process";
import { cpSync, globSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

// `npm run pack`: builds the package of components/ and packs it as npm publishes it. CommonJS is built by TypeScript; for each
// entry there is an ES module that hands on what the CommonJS one exports, so that a program never has two of a class.

/** What is read of the manifest of components/. */
interface Manifest {
    readonly name: string;
    readonly version: string;
    readonly exports: Readonly<Record<string, string>>;
}

const root = join(import.meta.dirname, "..");
const components = join(root, "components");
const built = join(import.meta.dirname, "package");

/** The entries of the source, by their names in import: `./check` to `check`, and `.` to `index`. */
function entriesOf({ exports }: Manifest): [subpath: string, entry: string][] {
    return Object.entries(exports).flatMap(([subpath, file]) => {
        const [, entry] = /^\.\/(.+)\.ts$/.exec(file) ?? [];
        return entry === undefined ? [] : [[subpath, entry]];
    });
}

/** The manifest that is published: that of the source without what is for the repository, and with the built entries. */
function publishedManifest(source: Manifest): object {
    const entries = entriesOf(source).map(([subpath, entry]): [string, object] => [
        subpath,
        {
            import: { types: `./${entry}.d.mts`, default: `./${entry}.mjs` },
            require: { types: `./${entry}.d.ts`, default: `./${entry}.js` },
        },
    ]);
    return {
        ...source,
        private: undefined,
        scripts: undefined,
        main: "./index.js",
        types: "./index.d.ts",
        exports: { ...Object.fromEntries(entries), "./package.json": "./package.json" },
    };
}

/** Compiles `src` in the package's folder. */
function compile(): void {
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    const settings = join(import.meta.dirname, "tsconfig.package.json");
    execFileSync(process.execPath, [compiler, "-p", settings], { stdio: "inherit" });
}

/** Builds the package in a folder of its own. */
function build(manifest: Manifest): void {
    rmSync(built, { recursive: true, force: true });
    const sources = globSync("**/*.ts", { cwd: components });
    for (const file of sources) {
        cpSync(join(components, file), join(built, "src", file));
    }
    compile();
    // What is built is as readable as its source, with the same comments, so that it needs no source maps.
    rmSync(join(built, "src"), { recursive: true });
    for (const [, entry] of entriesOf(manifest)) {
        writeFileSync(join(built, `${entry}.mjs`), `export * from "./${entry}.js";\n`);
        writeFileSync(join(built, `${entry}.d.mts`), `export * from "./${entry}.js";\n`);
    }
    writeFileSync(join(built, "package.json"), `${JSON.stringify(publishedManifest(manifest), undefined, 2)}\n`);
    cpSync(join(components, "README.md"), join(built, "README.md"));
    for (const file of ["LICENSE", "CHANGELOG.md"]) {
        cpSync(join(root, file), join(built, file));
    }
}

const manifest = JSON.parse(readFileSync(join(components, "package.json"), "utf8")) as Manifest;
build(manifest);
// On Windows `npm` is no program of its own.
const { npm_execpath: npm } = process.env;
const pack = ["pack", "--silent", "--pack-destination", import.meta.dirname];
execFileSync(npm === undefined ? "npm" : process.execPath, npm === undefined ? pack : [npm, ...pack], { cwd: built });
const tarball = join(import.meta.dirname, `${manifest.name}-${manifest.version}.tgz`);
console.log(`release/${manifest.name}-${manifest.version}.tgz: ${Math.ceil(statSync(tarball).size / 1000)} KB`);
