import { analyze } from "../../reachability/analysis.ts";
import type { State } from "../../reachability/state.ts";
import { QuestionError, type Analysis, type Question } from "../../reachability/types.ts";
import { drawingOf } from "../../report/drawing.ts";
import type { Moment } from "../../report/page.ts";
import { svgOf } from "../../report/svg.ts";

/** A client and a server, by their instance IDs or addresses. */
export interface Ends {
    readonly from: string;
    readonly to: string;
}

/** What stood while an act was played, and what was asked about it: the pictures of a report. */
export class Album {
    readonly #pictures = new Map<
        State,
        { title: string | undefined; questions: Question[]; vpcIds: readonly string[] }
    >();

    /** How many states there are pictures of. */
    get size(): number {
        return this.#pictures.size;
    }

    /** Adds questions about a state. Without a title, the picture says how the first question's VPCs are connected. */
    add(state: State, questions: readonly Question[], title?: string, vpcIds: readonly string[] = []): void {
        const picture = this.#pictures.get(state) ?? { title, questions: [], vpcIds };
        picture.questions.push(...questions);
        this.#pictures.set(state, picture);
    }

    /** The moments in their order, without those that look like the one before. */
    moments(): Moment[] {
        let last = "";
        const moments = [...this.#pictures].flatMap(([state, { title, questions, vpcIds }]) => {
            const analyses = [...new Map(questions.map((one) => [JSON.stringify(one), one])).values()].flatMap(
                (question) => analysisOf(state, question),
            );
            const picture = svgOf(drawingOf(state, analyses, vpcIds), "");
            const isNew = picture !== last;
            last = picture;
            return isNew ? [{ title: title ?? connectionTitle(state, analyses[0]), state, analyses, vpcIds }] : [];
        });
        return moments.length === 1 ? moments.map((one) => ({ ...one, title: "what stands" })) : moments;
    }
}

/** A ping and an HTTP request. */
export function pingAndHttp({ from, to }: Ends): Question[] {
    return [
        { from, to, protocol: "icmp" },
        { from, to, protocol: "tcp", port: 80 },
    ];
}

/** Nothing for ends that are no longer there. */
function analysisOf(state: State, question: Question): Analysis[] {
    try {
        return [analyze(state, question)];
    } catch (error) {
        if (error instanceof QuestionError) return [];
        throw error;
    }
}

function connectionTitle(state: State, analysis: Analysis | undefined): string {
    const [one = "", other = ""] = [analysis?.from.vpcId, analysis?.to.vpcId];
    const status = state.connectionsBetween(one, other)[0]?.Status?.Code;
    return status === undefined ? "no connection" : `connection ${status}`;
}
