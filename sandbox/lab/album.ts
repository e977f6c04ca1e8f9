import { analyze } from "../../reachability/analysis.ts";
import type { State } from "../../reachability/state.ts";
import { QuestionError, type Analysis, type Question } from "../../reachability/types.ts";
import { drawingOf } from "../../report/drawing.ts";
import { pageOf, type Moment } from "../../report/page.ts";
import { svgOf } from "../../report/svg.ts";
import type { LabReport } from "./report.ts";

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

/** A report as a page, with the pictures of each act. */
export function labPage({ acts, passed, failed, seconds }: LabReport, albums: ReadonlyMap<string, Album>): string {
    return pageOf({
        title: "VPC peering lab",
        summary: `${passed} passed, ${failed} failed, in ${seconds.toFixed(0)} s. Lines show what the reachability analysis says of each packet; the verdicts below them were measured with real packets.`,
        sections: acts.map(({ name, shows, rule, verdicts, error }) => ({
            title: name,
            text: shows,
            source: rule,
            moments: albums.get(name)?.moments() ?? [],
            checks: verdicts,
            error,
        })),
    });
}
