import * as pulumi from "@pulumi/pulumi";

/**
 * A word, as something that other resources depend on by {@link after}. The engine deletes what left the program only after
 * it has made everything new, too late for a check that shows that the VPCs are isolated again. But what depends on a
 * resource that is deleted before it is replaced goes before it: when the word changes, what depends on it is gone first.
 */
export function pin(name: string, word: string, parent: pulumi.Resource): pulumi.Output<string> {
    const stash = new pulumi.Stash(
        name,
        { input: word },
        { parent, replacementTrigger: word, deleteBeforeReplace: true },
    );
    return stash.output as pulumi.Output<string>;
}

/** The value, as something that depends on the pin too; for a property whose change replaces its resource. */
export function after(pinned: pulumi.Output<string>, value: pulumi.Output<string>): pulumi.Output<string> {
    return pulumi.all([pinned, value]).apply(([, plain]) => plain);
}

/**
 * What a component was told to come after. The engine does not pass it on to the component's children, so whoever makes
 * the children does.
 */
export function comesAfter(opts: pulumi.ComponentResourceOptions | undefined): pulumi.Resource[] {
    const dependsOn = opts?.dependsOn ?? [];
    return (Array.isArray(dependsOn) ? dependsOn : [dependsOn]) as pulumi.Resource[];
}
