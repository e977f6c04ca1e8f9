import * as pulumi from "@pulumi/pulumi";

/**
 * What a component was told to come after. The engine does not pass it on to the component's children, so whoever makes
 * the children does.
 */
export function comesAfter(opts: pulumi.ComponentResourceOptions | undefined): pulumi.Resource[] {
    const dependsOn = opts?.dependsOn ?? [];
    return (Array.isArray(dependsOn) ? dependsOn : [dependsOn]) as pulumi.Resource[];
}
