import { createSocket } from "node:dgram";
import { createServer, type Socket } from "node:net";
import { decode, encode, streamDecode, streamEncode, type Packet } from "dns-packet";
import { nameServersAddress } from "../planned/addresses.ts";
import type { Lookup } from "../planned/names.ts";

/** The name servers of all VPCs. */
export interface NameServers {
    /** Has them answer from now on by what they know about the VPCs, each by the address that its questions come from. */
    update(lookups: ReadonlyMap<string, Lookup>): void;
}

const port = 53;

/** How long an answer may be cached, in seconds: not at all, so that a change shows at once. Amazon's may for a minute. */
const ttl = 0;

/**
 * Serves DNS for every VPC at one address of the sandbox's own namespace, which has to be there. The VPCs' routers lead to
 * it and give the questions of each VPC an address of its own, by which they are told from the others'.
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
    // An answer to somebody who is gone is lost, which is no error here.
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

/** Serves one connection, on which any number of questions may come, each with its length before it. */
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

/** The answer to a question: the record, nothing where a name has none of that kind, or "no such name". */
function answerTo({ id, questions = [] }: Packet, lookup: Lookup | undefined): Packet {
    const [question] = questions;
    const found = question && lookup?.(question.name);
    const noSuchName = 3;
    return {
        id: id ?? 0,
        type: "response",
        // Recursion is available, as it is with Amazon's.
        flags: 0x0180 | (found === undefined ? noSuchName : 0),
        questions,
        answers: found && [found.type, "ANY"].includes(question.type) ? [{ ...found, name: question.name, ttl }] : [],
    };
}

/** Gives nothing where what was sent is not DNS. */
function tryTo<T>(answer: () => T): T | undefined {
    try {
        return answer();
    } catch {
        return undefined;
    }
}
