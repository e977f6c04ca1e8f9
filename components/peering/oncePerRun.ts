import { runtime } from "@pulumi/pulumi";

const runs = new Map<unknown, Map<string, unknown>>();

/**
 * What `make` gives, made once in each run of a program: one process may run several, as with Pulumi's Automation API, and one run
 * is made of several components.
 */
export function oncePerRun<Value>(key: string, make: () => Value): Value {
    // The engine listens at an address of its own for each run; mocks do not listen.
    const monitor = runtime.getMonitor() as { getChannel?: () => { getTarget: () => string } } | undefined;
    const run = monitor?.getChannel?.().getTarget() ?? monitor;
    const kept = runs.get(run) ?? new Map<string, unknown>();
    runs.set(run, kept);
    if (!kept.has(key)) {
        kept.set(key, make());
    }
    return kept.get(key) as Value;
}
