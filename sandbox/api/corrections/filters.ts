import type { Element } from "@xmldom/xmldom";
import { childOf, Refusal } from "../answers.ts";
import { prefixesIn, type CallParameters } from "../call.ts";

/** A filter of a Describe call: one of its values must match. */
export interface Filter {
    readonly name: string;
    readonly values: readonly RegExp[];
}

/** The filters of DescribeVpcPeeringConnections without those for tags, and the elements of the response that they are for. */
const elements: Readonly<Record<string, readonly string[]>> = {
    "vpc-peering-connection-id": ["vpcPeeringConnectionId"],
    "expiration-time": ["expirationTime"],
    "status-code": ["status", "code"],
    "status-message": ["status", "message"],
    ...Object.fromEntries(
        ["accepter", "requester"].flatMap((side) =>
            Object.entries({ "cidr-block": "cidrBlock", "owner-id": "ownerId", "vpc-id": "vpcId" }).map(
                ([name, element]) => [`${side}-vpc-info.${name}`, [`${side}VpcInfo`, element]],
            ),
        ),
    ),
};

/**
 * The filters of a call of DescribeVpcPeeringConnections. Sources: Amazon EC2 API Reference, "DescribeVpcPeeringConnections";
 * Amazon EC2 User Guide, "List and filter using the CLI and API" (wildcards).
 */
export function filtersIn(parameters: CallParameters): Filter[] {
    return prefixesIn(parameters, /^Filter\.\d+\.(?=Name$)/).map((prefix) => {
        const name = parameters[`${prefix}Name`] ?? "";
        if (!(name in elements) && !/^tag(-key$|:)/.test(name)) {
            throw new Refusal("InvalidParameterValue", `The filter '${name}' is invalid`);
        }
        const values = prefixesIn(parameters, /^Filter\.\d+\.Value\.\d+$/)
            .filter((one) => one.startsWith(prefix))
            .map((one) => patternOf(parameters[one] ?? ""));
        return { name, values };
    });
}

/** `*` is any number of characters and `?` is one, unless a backslash precedes it. */
function patternOf(value: string): RegExp {
    const parts = value.match(/\\[*?\\]|[*?]|[^*?\\]+|\\/g) ?? [];
    const pattern = parts.map((part) => {
        const text = part.length > 1 && part.startsWith("\\") ? part.slice(1) : part;
        return part === "*" ? ".*" : part === "?" ? "." : text.replaceAll(/[$()*+.?[\\\]^{|}]/g, "\\$&");
    });
    return new RegExp(`^${pattern.join("")}$`, "s");
}

/** Whether a peering connection in a response matches all filters. */
export function matches(connection: Element, filters: readonly Filter[]): boolean {
    return filters.every(({ name, values }) =>
        textsOf(connection, name).some((text) => values.some((value) => value.test(text))),
    );
}

/** The texts that a filter is for. */
function textsOf(connection: Element, name: string): string[] {
    const path = elements[name];
    if (path) {
        const found = path.reduce<Element | undefined>((parent, child) => parent && childOf(parent, child), connection);
        return found ? [found.textContent ?? ""] : [];
    }
    const tags = [...(childOf(connection, "tagSet")?.childNodes ?? [])].map((tag) => ({
        key: childOf(tag, "key")?.textContent ?? "",
        value: childOf(tag, "value")?.textContent ?? "",
    }));
    return name === "tag-key"
        ? tags.map(({ key }) => key)
        : tags.filter(({ key }) => key === name.slice("tag:".length)).map(({ value }) => value);
}
