import assert from "node:assert/strict";
import { State } from "../../reachability/state.ts";
import { pair } from "../../reachability/tests/cases.ts";
import { Album } from "../lab/album.ts";
import { pingAndHttp } from "../lab/why.ts";

const ends = { from: "client", to: "server" };
const apart = () => new State(pair({}, {}, {}));
const peered = () => new State(pair());

describe("an act's album", () => {
    it("has a picture of each state, with all that was asked about it once", () => {
        const album = new Album();
        const [one, other] = [apart(), peered()];
        album.add(one, pingAndHttp(ends), "before");
        album.add(other, pingAndHttp(ends));
        album.add(other, [...pingAndHttp(ends), ...pingAndHttp({ from: "server", to: "client" })]);
        assert.equal(album.size, 2);
        assert.deepEqual(
            album.moments().map(({ title, analyses }) => [title, analyses.map(({ verdict }) => verdict)]),
            [
                ["before", ["not reachable", "not reachable"]],
                ["connection active", ["reachable", "reachable", "reachable", "reachable"]],
            ],
        );
    });

    it("leaves out a picture that looks like the one before it", () => {
        const album = new Album();
        album.add(apart(), pingAndHttp(ends), "before");
        album.add(apart(), pingAndHttp(ends), "afterwards");
        assert.deepEqual(
            album.moments().map(({ title }) => title),
            ["what stands"],
        );
    });

    it("says that there is no connection, and asks nothing about servers that are gone", () => {
        const album = new Album();
        album.add(apart(), pingAndHttp(ends));
        album.add(new State([]), pingAndHttp(ends), "afterwards", ["vpc-one"]);
        assert.deepEqual(
            album.moments().map(({ title, analyses, vpcIds }) => [title, analyses.length, vpcIds]),
            [
                ["no connection", 2, []],
                ["afterwards", 0, ["vpc-one"]],
            ],
        );
    });
});
