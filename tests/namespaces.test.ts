import assert from "assert/strict";
import { misplacedSettings } from "../components/namespaces";

describe("misplacedSettings", () => {
    const names = ["peering", "sshCidr"];

    it("says which setting is in another project's namespace, and how to move it", () => {
        const keys = ["aws:region", "shop:peering", "vpc-peering-lab:sshCidr", "vpc-peering-lab:tags"];
        assert.deepEqual(misplacedSettings("shop", keys, names), [
            `vpc-peering-lab:sshCidr is not read, because this project is called shop; move it with 'pulumi config set sshCidr "$(pulumi config get vpc-peering-lab:sshCidr)" && pulumi config rm vpc-peering-lab:sshCidr'`,
        ]);
    });

    it("is silent where all settings are the project's own", () => {
        assert.deepEqual(misplacedSettings("shop", ["shop:peering", "shop:sshCidr", "aws:profile"], names), []);
    });
});
