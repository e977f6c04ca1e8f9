import { writeFileSync } from "fs";
import { join } from "path";
import { PeeringProvider } from "./provider";

// Writes the schema that the components' types and comments come to. `npm run docs`.
void new PeeringProvider().getSchema().then((schema) => {
    writeFileSync(join(__dirname, "schema.json"), `${JSON.stringify(JSON.parse(schema), undefined, 2)}\n`);
});
