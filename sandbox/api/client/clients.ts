import { EC2 } from "@aws-sdk/client-ec2";
import { credentialsOf, HOME_KEY, type Caller } from "./caller.ts";

/** Returns the cached promise for a key. A promise that fails is removed from the cache. */
export function remembered<T>(known: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
    const promise = known.get(key) ?? make();
    known.set(key, promise);
    promise.catch(() => known.delete(key));
    return promise;
}

/** Clients of one EC2 API, one for each access key and region, so that connections are reused. */
export class Clients {
    readonly #endpoint: string;
    readonly #clients = new Map<string, EC2>();
    readonly #asked = new Map<string, Promise<string>>();

    constructor(endpoint: string) {
        this.#endpoint = endpoint;
    }

    of({ accessKeyId, region }: Caller): EC2 {
        const name = `${accessKeyId} ${region}`;
        const client =
            this.#clients.get(name) ??
            new EC2({ endpoint: this.#endpoint, region, credentials: credentialsOf(accessKeyId) });
        this.#clients.set(name, client);
        return client;
    }

    /** The account that an access key belongs to. */
    accountOf(accessKeyId: string): Promise<string> {
        return remembered(this.#asked, `account ${accessKeyId}`, () =>
            this.#askSts(accessKeyId, "Account", { Action: "GetCallerIdentity" }),
        );
    }

    /** An access key of an account. */
    keyOf(account: string): Promise<string> {
        const RoleArn = `arn:aws:iam::${account}:role/lab`;
        return remembered(this.#asked, `key ${account}`, () =>
            this.#askSts(HOME_KEY, "AccessKeyId", { Action: "AssumeRole", RoleArn, RoleSessionName: "lab" }),
        );
    }

    /**
     * Calls CloudWatch Logs, which is at the same address; returns the response. If it refuses the call, the error has AWS's code as its name.
     * Source: Amazon CloudWatch Logs API Reference, "Actions".
     */
    async callLogs({ accessKeyId, region }: Caller, action: string, input: object): Promise<unknown> {
        const headers = {
            "content-type": "application/x-amz-json-1.1",
            "x-amz-target": `Logs_20140328.${action}`,
        };
        const answer = await this.#post(`${accessKeyId}/20260101/${region}/logs`, JSON.stringify(input), headers);
        const text = await answer.text();
        if (!answer.ok) {
            const [, name = "Error"] = /"__type": *"(?:.*#)?(\w+)"/.exec(text) ?? [];
            throw Object.assign(new Error(`${action} failed: ${text}`), { name });
        }
        return text === "" ? {} : JSON.parse(text);
    }

    /** Closes the connections. */
    stop(): void {
        for (const client of this.#clients.values()) {
            client.destroy();
        }
    }

    /** Calls the STS API, which is at the same address, and returns the text of an element of the response. */
    async #askSts(accessKeyId: string, element: string, parameters: Readonly<Record<string, string>>): Promise<string> {
        const body = new URLSearchParams({ ...parameters, Version: "2011-06-15" });
        const answer = await this.#post(`${accessKeyId}/20260101/us-east-1/sts`, body);
        const text = await answer.text();
        const [, found] = new RegExp(`<${element}>(.+?)</${element}>`).exec(text) ?? [];
        if (found === undefined) {
            throw new Error(`${this.#endpoint} returned no ${element} for ${parameters["Action"] ?? ""}: ${text}`);
        }
        return found;
    }

    /** Calls an API of which there is no client here. The scope has the access key, and says which API is meant. */
    #post(
        scope: string,
        body: string | URLSearchParams,
        headers: Readonly<Record<string, string>> = {},
    ): Promise<Response> {
        const authorization = `AWS4-HMAC-SHA256 Credential=${scope}/aws4_request, SignedHeaders=host, Signature=any`;
        return fetch(this.#endpoint, { method: "POST", headers: { authorization, ...headers }, body });
    }
}
