import type { NetworkInterface } from "@aws-sdk/client-ec2";
import assert from "node:assert/strict";
import { addressesOf, nameOf, publicAddressOf } from "../state.ts";

describe("what AWS describes of an interface", () => {
    const [first, second] = [
        { Primary: true, PrivateIpAddress: "10.1.1.10", Association: { PublicIp: "192.0.2.1" } },
        { Primary: false, PrivateIpAddress: "10.1.1.20", Association: { PublicIp: "192.0.2.2" } },
    ];
    for (const [what, item, addresses, address] of [
        [
            "of its own",
            { PrivateIpAddress: "10.1.1.10", Association: { PublicIp: "192.0.2.1" } },
            ["10.1.1.10"],
            "192.0.2.1",
        ],
        [
            "beside others",
            { PrivateIpAddress: "10.1.1.10", PrivateIpAddresses: [second, first] },
            ["10.1.1.10", "10.1.1.20"],
            "192.0.2.1",
        ],
        [
            "but no public one",
            { PrivateIpAddresses: [second, { Primary: true, PrivateIpAddress: "10.1.1.10" }] },
            ["10.1.1.20", "10.1.1.10"],
            undefined,
        ],
        ["of IPv6 alone", { Ipv6Addresses: [{ Ipv6Address: "fd00::1" }] }, [], undefined],
    ] satisfies [string, NetworkInterface, string[], string | undefined][]) {
        it(`has an address ${what}`, () => {
            assert.deepEqual([addressesOf(item), publicAddressOf(item)], [addresses, address]);
        });
    }

    it("has a name by the tag Name alone", () => {
        const other = { Key: "Environment", Value: "lab" };
        assert.equal(nameOf([other, { Key: "Name", Value: "client" }]), "client");
        assert.equal(nameOf([other]), undefined);
    });
});
