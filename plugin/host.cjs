"use strict";
// What the engine starts: serves the components until the engine ends it.
const { readFileSync } = require("fs");
const ts = require("typescript");

// Pulumi has registered a compiler that checks all types at each start, which takes longer than everything else here. The tests
// have checked them, so they are only taken out.
const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, esModuleInterop: true };
// oxlint-disable-next-line typescript/no-deprecated -- what replaces it is not in Node.js 20
require.extensions[".ts"] = (module, fileName) => {
  const { outputText } = ts.transpileModule(readFileSync(fileName, "utf8"), { compilerOptions, fileName });
  /** @type {{ _compile(text: string, fileName: string): void }} */ (/** @type {unknown} */ (module))._compile(
    outputText,
    fileName,
  );
};

const { main } = require("@pulumi/pulumi/provider");
const { PeeringProvider } = require("./provider");

void main(new PeeringProvider(), process.argv.slice(2));
