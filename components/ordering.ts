import * as pulumi from "@pulumi/pulumi";

/**
 * A word that other resources depend on by {@link after}: when it changes, they are deleted before anything else happens.
 *
 * The engine deletes what left the program only after everything new is made, which is too late for a check that shows that
 * the VPCs are isolated again. What depends on a resource that is deleted before it is replaced, though, is deleted before
 * it. The option `replaceWith` would not do: it replaces resources that stay, and these leave.
 */
export function pin(name: string, word: string, parent: pulumi.Resource): pulumi.Output<string> {
    const stash = new pulumi.Stash(
        name,
        { input: word },
        { parent, replacementTrigger: word, deleteBeforeReplace: true },
    );
    return stash.output as pulumi.Output<string>;
}

/** The value, as an output that depends on the pin too; for a property whose change replaces its resource. */
export function after(pinned: pulumi.Output<string>, value: pulumi.Output<string>): pulumi.Output<string> {
    return pulumi.all([pinned, value]).apply(([, plain]) => plain);
}

/** The value of an output that is known in the end, as a resource's URN is. An unknown one is waited for in vain. */
export function known<Value>(output: pulumi.Output<Value>): Promise<Value> {
    return new Promise((resolve) => {
        output.apply((value) => {
            resolve(value);
        });
    });
}

/** The resources in a component's `dependsOn`, which the engine does not apply to the component's children by itself. */
export function dependenciesOf(opts: pulumi.ComponentResourceOptions | undefined): pulumi.Resource[] {
    const dependsOn = opts?.dependsOn ?? [];
    return (Array.isArray(dependsOn) ? dependsOn : [dependsOn]) as pulumi.Resource[];
}

/** A component's `customTimeouts`, which the engine does not apply to the component's children by itself either. */
export function timeoutsOf({ customTimeouts }: pulumi.ComponentResourceOptions = {}): {
    readonly customTimeouts?: pulumi.CustomTimeouts;
} {
    return customTimeouts === undefined ? {} : { customTimeouts };
}

/** Whether hooks of resources run here: Pulumi's mocks, in unit tests of one's own, would wait for them without end. */
export function runsHooks(): boolean {
    const monitor = pulumi.runtime.getMonitor() as Partial<Record<"registerResourceHook", unknown>> | undefined;
    return typeof monitor?.registerResourceHook === "function";
}
