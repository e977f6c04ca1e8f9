import type { IncomingHttpHeaders } from "node:http";
import type { CallParameters } from "./call.ts";
import { signatureOf } from "./signature.ts";

/**
 * The IAM actions that AWS requires for a call, such as `ec2:CreateVpc`: the call's own, and for EC2's that create resources
 * with tags `ec2:CreateTags`, and for flow logs that of passing them their role. Empty for a call that is not signed. Sources: Service Authorization Reference, "Actions, resources,
 * and condition keys for AWS services"; Amazon EC2 User Guide, "Grant permission to tag Amazon EC2 resources during creation".
 */
export function iamActions(headers: IncomingHttpHeaders, parameters: CallParameters): string[] {
    const { service } = signatureOf(headers) ?? {};
    // Services with a JSON protocol have the action in a header, those with the Query protocol in the body.
    const [, target] = /\.(\w+)$/.exec(String(headers["x-amz-target"] ?? "")) ?? [];
    const action = target ?? parameters["Action"];
    if (service === undefined || action === undefined) {
        return [];
    }
    const isTag = (name: string) => /^TagSpecification\.\d+\.Tag\./.test(name);
    const isTagged = service === "ec2" && Object.keys(parameters).some(isTag);
    const isPassed = action === "CreateFlowLogs" && "DeliverLogsPermissionArn" in parameters;
    const also = [isTagged ? "ec2:CreateTags" : [], isPassed ? "iam:PassRole" : []].flat();
    return [`${service}:${action}`, ...also];
}
