import * as assert from "assert";
import {
    checkOpenings,
    openingWarnings,
    usesGroups,
    type OpeningOptions,
    type Openings,
} from "../components/peering/openings";
import { described } from "./config";

/** Options of two sides with this many groups each, which have one port to open. */
function said(requester: number, accepter: number, options: OpeningOptions = {}, ports = ["tcp/80"]): Openings {
    const opening = (groups: number) => ({ ports: { path: "ports", value: ports }, groups });
    return { ...options, requester: opening(requester), accepter: opening(accepter) };
}

const closed = (groups: string): string =>
    `ports = ["tcp/80"]: is opened by no security group; name the groups in ${groups}, or leave ports out`;
const closedOn = (side: string): string =>
    `ports = ["tcp/80"]: stays closed on the ${side}'s side; name groups in ${side}.securityGroups, or set requestsFrom to ${side} if only its servers send requests`;
const sourceless = (groups: string): string =>
    `ingressFrom = group: leaves the ports closed, because no group is there to be the rules' source; name groups in ${groups}, or choose cidr`;
const unused = (side: string): string =>
    `${side}.securityGroups: are used by no rule: nothing opens ports in these groups or names them as a source; set ports and requestsFrom so that something does, or leave the groups out`;

const [requester, accepter] = ["requester", "accepter"] as const;
const byGroup = { ingressFrom: "group" } as const;
const noAccepter = { manageAccepter: false };
const noRequester = { manageRequester: false };

describe("checkOpenings", () => {
    const cases: [what: string, openings: Openings, problems: string[]][] = [
        ["a group on each side", said(1, 1), []],
        ["no ports", said(0, 0, {}, []), []],
        ["a group on one side", said(1, 0), []],
        ["no group", said(0, 0), [closed("requester.securityGroups or accepter.securityGroups")]],
        [
            "none on the side that is asked",
            said(1, 0, { requestsFrom: requester }),
            [closed("accepter.securityGroups")],
        ],
        ["none on the side that only asks", said(0, 1, { requestsFrom: requester }), []],
        ["none, nor the other owner's", said(0, 0, noAccepter), [closed("requester.securityGroups")]],
        ["none, but the other owner's", said(0, 1, noAccepter), []],
        ["none of the other owner, who alone opens", said(0, 0, { ...noAccepter, requestsFrom: requester }), []],
        ["none of the requester's owner, who alone opens", said(0, 0, { ...noRequester, requestsFrom: accepter }), []],
        ["none but the requester's owner's", said(1, 0, noRequester), [closed("accepter.securityGroups")]],
        ["groups as sources", said(1, 1, byGroup), []],
        ["no group as a source", said(0, 1, byGroup), [sourceless("requester.securityGroups")]],
        ["no group as a source of the other's", said(1, 0, byGroup), [sourceless("accepter.securityGroups")]],
        [
            "no group as a source for the other owner",
            said(0, 1, { ...byGroup, ...noAccepter, requestsFrom: requester }),
            [sourceless("requester.securityGroups")],
        ],
        [
            "no group of the requester's owner as a source",
            said(0, 1, { ...byGroup, ...noRequester }),
            [sourceless("requester.securityGroups")],
        ],
        ["no group by group", said(0, 0, byGroup), [closed("requester.securityGroups or accepter.securityGroups")]],
    ];
    for (const [what, openings, problems] of cases) {
        it(`${problems.length === 0 ? "permits" : "refuses"} ${what}`, () => {
            assert.deepStrictEqual(checkOpenings(openings).map(described), problems);
        });
    }
});

describe("openingWarnings", () => {
    const cases: [what: string, openings: Openings, warnings: string[]][] = [
        ["a group on each side", said(1, 1), []],
        ["no ports and no group", said(0, 0, {}, []), []],
        ["no group on one side of two that open", said(1, 0), [closedOn(accepter)]],
        ["no group on the own side beside the other owner's", said(0, 1, noAccepter), [closedOn(requester)]],
        ["no group of the other owner", said(1, 0, noAccepter), []],
        ["groups without ports", said(1, 1, {}, []), [unused(requester), unused(accepter)]],
        ["a group on the side that only asks", said(1, 1, { requestsFrom: requester }), [unused(requester)]],
        ["a group on the side that only asks, as a source", said(1, 1, { ...byGroup, requestsFrom: requester }), []],
        ["a group of the requester's owner", said(1, 1, noRequester), [unused(requester)]],
        ["a group of the requester's owner as a source", said(1, 1, { ...noRequester, ...byGroup }), []],
    ];
    for (const [what, openings, warnings] of cases) {
        it(`${warnings.length === 0 ? "does not warn" : "warns"} of ${what}`, () => {
            assert.deepStrictEqual(openingWarnings(openings), warnings);
        });
    }
});

describe("usesGroups", () => {
    for (const [options, used] of [
        [{}, [true, true]],
        [{ requestsFrom: requester }, [false, true]],
        [{ requestsFrom: accepter }, [true, false]],
        [{ requestsFrom: requester, ...byGroup }, [true, true]],
        [noRequester, [false, true]],
        [noAccepter, [true, true]],
        [{ ...noRequester, requestsFrom: accepter, ...byGroup }, [false, false]],
    ] as const) {
        it(`says whose groups rules are about with ${JSON.stringify(options)}`, () => {
            assert.deepStrictEqual(
                [requester, accepter].map((side) => usesGroups(options, side)),
                used,
            );
        });
    }
});
