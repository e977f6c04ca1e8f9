import assert from "assert/strict";
import * as fs from "fs";
import * as path from "path";
import * as ts from "typescript";

const components = path.join(__dirname, "../components");

function parse(file: string): ts.SourceFile {
    return ts.createSourceFile(file, fs.readFileSync(file, "utf8"), ts.ScriptTarget.ES2022, true);
}

/** What an entry of the package hands on, each with the file that it is from. */
function exportsOf(entry: string): { name: string; file: string }[] {
    return parse(path.join(components, entry))
        .statements.filter(ts.isExportDeclaration)
        .flatMap((statement) => {
            const { moduleSpecifier: from, exportClause: names } = statement;
            return from && ts.isStringLiteral(from) && names && ts.isNamedExports(names)
                ? names.elements.map(({ name }) => ({
                      name: name.text,
                      file: `${path.join(components, from.text)}.ts`,
                  }))
                : [];
        });
}

/** Whether something is declared by that name: a function, class, interface, type or constant. */
function declares(node: ts.Node, name: string): boolean {
    return ts.isVariableStatement(node)
        ? node.declarationList.declarations.some((one) => one.name.getText() === name)
        : "name" in node && (node.name as ts.Node | undefined)?.getText() === name;
}

/** What people see of an interface or a class besides its constructor. */
function membersOf(node: ts.Node): ts.Node[] {
    const hidden = ts.ModifierFlags.Private;
    return ts.isInterfaceDeclaration(node) || ts.isClassDeclaration(node)
        ? [...node.members].filter(
              (member) =>
                  !ts.isConstructorDeclaration(member) &&
                  !(member.name && ts.isPrivateIdentifier(member.name)) &&
                  (ts.getCombinedModifierFlags(member) & hidden) === 0,
          )
        : [];
}

/** Whether it is an argument that may be left out. */
const isOptional = (node: ts.Node): boolean => ts.isPropertySignature(node) && node.questionToken !== undefined;

const commentOf = (node: ts.Node): string =>
    ts
        .getJSDocCommentsAndTags(node)
        .map((comment) => comment.getText())
        .join("\n");

/** Which parts of an exported thing, by their names, lack a doc comment, or in it their default or an example. */
function lacking({ name, file }: { name: string; file: string }): string[] {
    const [node] = parse(file).statements.filter((statement) => declares(statement, name));
    assert.ok(node, `${name} is not in ${file}`);
    const isArguments = /(Args|Options|Access|Plan|Usage)$/.test(name);
    const members = membersOf(node).flatMap((member) => {
        const path = `${name}.${(member as ts.ClassElement).name?.getText() ?? ""}`;
        const comment = commentOf(member);
        return [
            ...(comment === "" ? [`${path}: a comment`] : []),
            ...(isArguments && isOptional(member) && !comment.includes("default") ? [`${path}: its default`] : []),
            ...(isArguments && !comment.includes("`") ? [`${path}: an example`] : []),
        ];
    });
    return [...(commentOf(node) === "" ? [`${name}: a comment`] : []), ...members];
}

describe("what the package exports", () => {
    for (const entry of ["index.ts", "check.ts", "rules.ts"]) {
        it(`by ${entry} has a doc comment, with an argument's default and example`, () => {
            const all = exportsOf(entry);
            assert.ok(all.length > 2);
            assert.deepEqual(all.flatMap(lacking), []);
        });
    }
});
