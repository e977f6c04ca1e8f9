import type { IncomingHttpHeaders } from "node:http";

/**
 * The IAM actions that AWS requires for a call, such as `ec2:CreateVpc`: the call's own, and for EC2's that create resources
 * with tags `ec2:CreateTags`. Empty for a call that is not signed. Sources: Service Authorization Reference, "Actions, resources,
 * and condition keys for AWS services"; Amazon EC2 User Guide, "Grant permission to tag Amazon EC2 resources during creation".
 */
export function iamActions(headers: IncomingHttpHeaders, body: string): string[] {
    const [, service] =
        /Credential=[^/,]+\/\d+\/[^/,]+\/([^/,]+)\/aws4_request/.exec(headers.authorization ?? "") ?? [];
    // Services with a JSON protocol have the action in a header, those with the Query protocol in the body.
    const [, target] = /\.(\w+)$/.exec(String(headers["x-amz-target"] ?? "")) ?? [];
    const action = target ?? new URLSearchParams(body).get("Action");
    if (service === undefined || action === null) {
        return [];
    }
    const isTagged = service === "ec2" && /(^|&)TagSpecification\.\d+\.Tag\./.test(body);
    return [`${service}:${action}`, ...(isTagged ? ["ec2:CreateTags"] : [])];
}
