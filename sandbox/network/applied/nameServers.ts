import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { decode, encode, streamDecode, streamEncode, type Packet } from "dns-packet";
import { nameServersAddress } from "../planned/addresses.ts";
import type { Lookup } from "../planned/names.ts";

/** Replaces the lookups of the VPCs, by the source address of each VPC's queries. */
export type UpdateNameServers = (lookups: ReadonlyMap<string, Lookup>) => void;

const port = 53;

/** TTL of records in seconds: none, so that changes show at once. Amazon's servers use 60. */
const ttl = 0;

/**
 * Serves DNS for all VPCs at one address of the sandbox's own namespace, which must exist. The VPCs' routers forward queries
 * to it and translate their source to an address that identifies the VPC.
 */
export async function startNameServers(): Promise<UpdateNameServers> {
    let lookups: ReadonlyMap<string, Lookup> = new Map();

    const datagrams = createSocket("udp4");
    datagrams.on("message", (message, { address, port }) => {
        const answer = tryTo(() => encode(answerTo(decode(message), lookups.get(address))));
        if (answer) {
            datagrams.send(answer, port, address);
        }
    });
    datagrams.bind(port, nameServersAddress);
    await once(datagrams, "listening");
    // A response may be undeliverable, which is not an error here.
    datagrams.on("error", () => undefined);

    const streams = createServer((socket) => {
        let received = Buffer.alloc(0);
        socket.on("data", (data: Buffer) => {
            received = Buffer.concat([received, data]);
            // A connection carries any number of queries, each preceded by its length.
            while (received.length >= 2 && received.length >= received.readUInt16BE(0) + 2) {
                const message = received.subarray(0, received.readUInt16BE(0) + 2);
                received = received.subarray(message.length);
                const lookup = lookups.get(socket.remoteAddress ?? "");
                const answer = tryTo(() => streamEncode(answerTo(streamDecode(message), lookup)));
                if (!answer) {
                    socket.destroy();
                    return;
                }
                socket.write(answer);
            }
        });
        socket.on("error", () => undefined);
    });
    await once(streams.listen(port, nameServersAddress), "listening");
    return (update) => {
        lookups = update;
    };
}

/** The response to a query: the record, no record if the name has none of that type, or NXDOMAIN. */
function answerTo({ id, questions = [] }: Packet, lookup: Lookup | undefined): Packet {
    const [question] = questions;
    const found = question && lookup?.(question.name);
    const nxdomain = 3;
    return {
        id: id ?? 0,
        type: "response",
        // Recursion is available, as on Amazon's servers.
        flags: 0x0180 | (found === undefined ? nxdomain : 0),
        questions,
        answers: found && [found.type, "ANY"].includes(question.type) ? [{ ...found, name: question.name, ttl }] : [],
    };
}

/** Returns undefined for messages that are not valid DNS. */
function tryTo<T>(answer: () => T): T | undefined {
    try {
        return answer();
    } catch {
        return undefined;
    }
}
