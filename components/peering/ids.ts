import type * as pulumi from "@pulumi/pulumi";
import type { Problem } from "../problems";

/**
 * Ids of route tables or security groups. As a map they have names of your own, and may be outputs: `{ main: table.id }`. As a
 * list of plain texts each is its own name: `["rtb-0123456789abcdef0"]`. The names become part of the names of resources.
 */
export type Ids = IdsByNamesOfYourOwn | readonly string[];

/** Ids by names, which become part of the names of resources: `{ main: table.id }`. Compilers name this type for a list of outputs. */
export interface IdsByNamesOfYourOwn {
    readonly [name: string]: pulumi.Input<string>;
}

/** The ids by their names. */
export function byName(ids: Ids = {}): Readonly<Record<string, pulumi.Input<string>>> {
    return isList(ids) ? Object.fromEntries(ids.map((id) => [id, id])) : ids;
}

/** What is wrong with ids; `example` is a map of such. */
export function checkIds(path: string, ids: Ids = {}, example: string): Problem[] {
    const unnamed = `is not known until it is made, so it can't name resources; give a map with names of your own, such as ${example}`;
    return !isList(ids)
        ? []
        : ids.flatMap((value: unknown, index) => {
              const at = `${path}[${index}]`;
              if (typeof value !== "string") {
                  return [{ path: at, message: unnamed }];
              }
              const message = "is listed twice; leave one of them out";
              return ids.indexOf(value) < index ? [{ path: at, value, message }] : [];
          });
}

/** Whether the ids are a list; `Array.isArray` alone does not narrow lists that are read-only. */
function isList(ids: Ids): ids is readonly string[] {
    return Array.isArray(ids);
}
