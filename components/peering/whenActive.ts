import { AsyncResource } from "async_hooks";
import { randomUUID } from "crypto";
import { setTimeout as sleep } from "timers/promises";
import { ResourceHook, type CustomResourceOptions, type InvokeOptions, type Output } from "@pulumi/pulumi";
import { known, runsHooks } from "../ordering";
import { withoutStack } from "../problems";
import type { Place, Side } from "./sides";
import { findStatus } from "./request";

/** How long a connection may take to become active on the requester's side too, and how often it is looked at, in seconds. */
const waits = { limit: 120, pause: 2 } as const;

/** Where a connection is looked at. */
export interface Look {
    readonly connectionId: Output<string>;
    readonly places: Output<Readonly<Record<Side, Place>>>;
    readonly opts: InvokeOptions;
    readonly region: string | undefined;
}

/**
 * Adds a hook that waits until the requester's side sees the connection active. Across regions and accounts that side sees it a moment
 * later than the accepter's, and AWS's provider neither waits nor tries again (terraform-provider-aws,
 * internal/service/ec2/vpc_peering_connection_options.go).
 */
export function whenActive(opts: CustomResourceOptions, look: Look): CustomResourceOptions {
    if (!runsHooks()) {
        return opts;
    }
    const hook = new ResourceHook(
        `active-${randomUUID()}`,
        AsyncResource.bind(() => waitForActive(look)),
    );
    const { beforeCreate = [], ...others } = (opts.hooks ?? {}) as { readonly beforeCreate?: ResourceHook[] };
    return { ...opts, hooks: { ...others, beforeCreate: [...beforeCreate, hook] } };
}

async function waitForActive({ connectionId, places, opts, region }: Look): Promise<void> {
    const { requester, accepter } = await known(places);
    // Within one place both see it at once.
    if (requester.region === accepter.region && requester.accountId === accepter.accountId) {
        return;
    }
    const id = await known(connectionId);
    const status = await settledStatus(id, opts, region, ["initiating-request", "pending-acceptance", "provisioning"]);
    if (status !== "active") {
        const message = `The connection ${id} is ${status ?? "deleted"} as the requester's side sees it, ${waits.limit} seconds after its acceptance; run 'pulumi up' again once 'aws ec2 describe-vpc-peering-connections --vpc-peering-connection-ids ${id}' says that it is active`;
        throw withoutStack(new Error(message));
    }
}

/** The status of a connection as it is seen in a region, once it is none of those that it passes through. */
export async function settledStatus(
    id: string,
    opts: InvokeOptions,
    region: string | undefined,
    passing: readonly string[] = ["provisioning"],
): Promise<string | undefined> {
    const end = Date.now() + waits.limit * 1000;
    for (;;) {
        const status = await findStatus(id, opts, region);
        if (!passing.includes(status ?? "") || Date.now() > end) {
            return status;
        }
        await sleep(waits.pause * 1000);
    }
}
