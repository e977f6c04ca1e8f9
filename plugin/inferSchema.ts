import { writeFileSync } from "fs";
import { join } from "path";
import { ComponentProvider, type ComponentResourceConstructor } from "@pulumi/pulumi/provider/experimental";
import * as components from "./index";

/** The schema that Pulumi infers from the components' types and comments. */
export async function inferredSchema(): Promise<string> {
    // It constructs none of them.
    const constructors = Object.values<unknown>(components) as ComponentResourceConstructor[];
    const provider = new ComponentProvider({ name: "vpc-peering", dirname: __dirname, components: constructors });
    return `${JSON.stringify(JSON.parse(await provider.getSchema()), undefined, 2)}\n`;
}

if (require.main === module) {
    // `npm run docs`.
    void inferredSchema().then((schema) => {
        writeFileSync(join(__dirname, "schema.json"), schema);
    });
}
