import { createSocket } from "node:dgram";
import { createServer, type Socket } from "node:net";
import { decode, encode, streamDecode, streamEncode, type Packet } from "dns-packet";
import { nameServersAddress } from "../planned/addresses.ts";
import type { Lookup } from "../planned/names.ts";

/** The name servers of all VPCs. */
export interface NameServers {
    /** Replaces the lookups of the VPCs, by the source address of each VPC's queries. */
    update(lookups: ReadonlyMap<string, Lookup>): void;
}

const port = 53;

/** TTL of records in seconds: none, so that changes show at once. Amazon's servers use 60. */
const ttl = 0;

/**
 * Serves DNS for all VPCs at one address of the sandbox's own namespace, which must exist. The VPCs' routers forward queries
 * to it and translate their source to an address that identifies the VPC.
 */
export async function startNameServers(): Promise<NameServers> {
    let byAddress: ReadonlyMap<string, Lookup> = new Map();
    const reply = (query: Packet, from: string | undefined): Packet => answerTo(query, byAddress.get(from ?? ""));

    const datagrams = createSocket("udp4");
    datagrams.on("message", (message, { address, port }) => {
        const answer = tryTo(() => encode(reply(decode(message), address)));
        if (answer) {
            datagrams.send(answer, port, address);
        }
    });
    await new Promise<void>((resolve, reject) => {
        datagrams.once("error", reject).bind(port, nameServersAddress, resolve);
    });
    // A response may be undeliverable, which is not an error here.
    datagrams.on("error", () => undefined);
    const streams = createServer((socket) => {
        serveStream(socket, reply);
    });
    await new Promise<void>((resolve, reject) => {
        streams.once("error", reject).listen(port, nameServersAddress, resolve);
    });
    return {
        update: (lookups) => {
            byAddress = lookups;
        },
    };
}

/** Serves a TCP connection, which carries any number of queries, each preceded by its length. */
function serveStream(socket: Socket, reply: (query: Packet, from: string | undefined) => Packet): void {
    let received = Buffer.alloc(0);
    socket.on("data", (data: Buffer) => {
        received = Buffer.concat([received, data]);
        while (received.length >= 2 && received.length >= received.readUInt16BE(0) + 2) {
            const length = received.readUInt16BE(0) + 2;
            const message = received.subarray(0, length);
            const answer = tryTo(() => streamEncode(reply(streamDecode(message), socket.remoteAddress)));
            received = received.subarray(length);
            if (!answer) {
                socket.destroy();
                return;
            }
            socket.write(answer);
        }
    });
    socket.on("error", () => undefined);
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
