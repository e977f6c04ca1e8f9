import { main } from "@pulumi/pulumi/provider";
import { PeeringProvider } from "./provider";

/** What the engine starts: serves the components until the engine ends it. */
void main(new PeeringProvider(), process.argv.slice(2));
