import type { Message } from "google-protobuf";
import protocol from "@pulumi/pulumi/proto/provider_pb.js";
import { tokenOf } from "../wire.ts";

/** The properties that the vendor's plugin makes up where they are left out; `name` for all other types. */
const NAMES: Readonly<Record<string, string>> = { "aws:ec2/keyPair:KeyPair": "keyName" };

/**
 * The resources whose names are given by the program. As with the vendor's plugin they are deleted before they are replaced, since
 * their successors would have the same names. Sources: pulumi-terraform-bridge, `nameRequiresDeleteBeforeReplace`; pulumi-aws,
 * provider/autonaming.go.
 */
export class GivenNames {
    readonly #urns = new Set<string>();

    /** Learns from the check of a resource's inputs whether its name is given. */
    learn(urn: string, request: Message): void {
        if (request instanceof protocol.CheckRequest) {
            const isGiven = request
                .getNews()
                ?.getFieldsMap()
                .has(NAMES[tokenOf(urn)] ?? "name");
            this.#urns[isGiven ? "add" : "delete"](urn);
        }
    }

    /** Corrects the difference that leads to the replacement of such a resource. */
    correct(urn: string, answer: Message): void {
        if (answer instanceof protocol.DiffResponse && answer.getReplacesList().length > 0 && this.#urns.has(urn)) {
            answer.setDeletebeforereplace(true);
        }
    }
}
