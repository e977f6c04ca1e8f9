import { rewrite, setText, withText, type Answer } from "../answers.ts";
import type { Call, CallParameters } from "../call.ts";
import type { View } from "../client/view.ts";

/**
 * The name of the log group that is the destination of a new flow log, by its name or its ARN; undefined if there is none in the
 * caller's account and region. Source: Amazon EC2 API Reference, "CreateFlowLogs" (LogDestination, LogGroupName).
 */
export async function logGroupIn(
    { LogGroupName, LogDestination }: CallParameters,
    view: View,
): Promise<string | undefined> {
    const arn = /^arn:aws[\w-]*:logs:([\w-]+):(\d{12}):log-group:([\w./#-]{1,512})(?::\*)?$/;
    const [, region, account, name] = arn.exec(LogDestination ?? "") ?? [];
    const isOwn = region === view.caller.region && account === (await view.account());
    return LogGroupName ?? (isOwn ? name : undefined);
}

/**
 * Creates flow logs with their log group, which may be a new one: moto would say that it can't deliver to a group that does not
 * exist, or that is given by its ARN. Source: Amazon EC2 API Reference, "CreateFlowLogs" (LogGroupName).
 */
export async function createFlowLogs({ parameters, view, forward }: Call): Promise<Answer> {
    const logGroupName = await logGroupIn(parameters, view);
    if (logGroupName === undefined) {
        return forward();
    }
    const isNew = await view.callLogs("CreateLogGroup", { logGroupName }).then(
        () => true,
        (error: unknown) => {
            if (error instanceof Error && error.name === "ResourceAlreadyExistsException") {
                return false;
            }
            throw error;
        },
    );
    const answer = await forward({ ...parameters, LogGroupName: logGroupName });
    if (isNew && answer.status !== 200) {
        await view.callLogs("DeleteLogGroup", { logGroupName });
    }
    return answer;
}

/**
 * Deletes flow logs. AWS's response has a list of those that it could not delete, which moto's lacks.
 * Source: Amazon EC2 API Reference, "DeleteFlowLogs" (unsuccessful).
 */
export async function deleteFlowLogs({ forward }: Call): Promise<Answer> {
    return withText(await forward(), (xml) =>
        rewrite(xml, ({ documentElement: response }) => {
            if (response) {
                setText(response, "unsuccessful", "");
            }
        }),
    );
}
