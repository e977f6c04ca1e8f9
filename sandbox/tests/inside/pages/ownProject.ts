import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { waitUntilInstanceTerminated } from "@aws-sdk/client-ec2";
import { readNames } from "../../../launch/shell.ts";
import { makeMachine } from "../../world/side.ts";
import { projectFolder, run, Stack } from "../pulumi.ts";
import { missingFrom, outputsOf, type Pages } from "./page.ts";
import { home } from "./vpcs.ts";

// The page about a project of one's own: its commands as they stand there, but for the project's folder.

const page = "docs/package/in-the-sandbox.md";

/** The page's blocks of commands for inside. */
function commandsOf(): string[] {
    return [...readFileSync(page, "utf8").matchAll(/```bash\n(.+?)```/gs)].map(([, block = ""]) => block);
}

async function runsOwnProject(program: string): Promise<void> {
    const folder = projectFolder("my-project", {
        "index.ts": program,
        "Pulumi.yaml": "name: my-project\nruntime: nodejs\nmain: index.ts\n",
    });
    const [make = "", look = ""] = commandsOf();
    // The variables are read before each block, as the shell does before each prompt.
    const script = (commands: string) => `exec 2>&1\n${readNames}\nread_names\n${commands}`;
    const made = await run("bash", ["-ec", script(make.replace("~/my-project", folder))]);
    assert.equal(made.code, 0, made.text);

    const looked = await run("bash", ["-c", script(look)]);
    const shown = outputsOf(page)[0] ?? [];
    assert.deepEqual(missingFrom(looked.text, shown), [], looked.text);
    assert.equal(
        looked.text
            .replaceAll(/^\S*(Connection|curl:|ssh:).*\n/gm, "")
            .trimEnd()
            .split("\n").length,
        shown.length,
        looked.text,
    );
    const itself = await run("bash", ["-c", script("ssh vpc1 ping -c 1 -W 1 $IP1")]);
    assert.match(itself.text, /PING 10\.61\.0\.10 .*1 received/s);

    await letsNobodyIn();
    const stack = new Stack(folder);
    const withImage = (ami: string) => {
        writeFileSync(join(folder, "index.ts"), program.replace(/^const ami = .+;$/m, `const ami = ${ami};`));
    };
    withImage(
        'aws.ec2.getAmiOutput({ owners: ["amazon"], mostRecent: true, nameRegex: "^al2023-ami-2023.*x86_64$" }).id',
    );
    await stack.plan();
    withImage('"ami-0123456789abcdef0"');
    const refused = await stack.up();
    assert.notEqual(refused.code, 0);
    assert.match(refused.text, /InvalidAMIID\.NotFound/);
    await stack.destroy();
}

/** A server without the key pair boots and serves, and refuses logins. */
async function letsNobodyIn(): Promise<void> {
    const Filters = [{ Name: "private-ip-address", Values: ["10.62.0.10"] }];
    const { Reservations } = await home.describeInstances({ Filters });
    const { VpcId = "", SubnetId = "", NetworkInterfaces } = Reservations?.[0]?.Instances?.[0] ?? {};
    const side = {
        vpcId: VpcId,
        subnetId: SubnetId,
        groupId: NetworkInterfaces?.[0]?.Groups?.[0]?.GroupId ?? "",
        tableId: "",
        gatewayId: "",
    };
    const UserData = Buffer.from("#!/bin/sh\ndnf install -y httpd\nsystemctl enable --now httpd\n").toString("base64");
    const { id = "", publicIp } = await makeMachine(home, side, "10.62.0.30", { UserData });
    const served = await run("ssh", [
        "apps-b",
        "curl -s --retry 10 --retry-connrefused --retry-delay 1 --max-time 2 10.62.0.30",
    ]);
    assert.equal(served.code, 0, served.text);
    const login = await run("ssh", ["-o", "BatchMode=yes", publicIp, "true"]);
    assert.equal(login.code, 255);
    assert.match(login.text, /Permission denied/);
    await home.terminateInstances({ InstanceIds: [id] });
    await waitUntilInstanceTerminated({ client: home, maxWaitTime: 60, minDelay: 1 }, { InstanceIds: [id] });
}

export const ownProject: Pages = {
    [page]: {
        programs: 1,
        tests: {
            "runs a project of one's own, with its servers by their names": runsOwnProject,
        },
    },
};
