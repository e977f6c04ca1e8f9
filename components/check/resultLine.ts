import type { ProbeOutcome } from "./probe";

/** An outcome as people say it: `ping reply, HTTP page, name private`. */
function said({ icmp, http, dns }: ProbeOutcome): string {
    return `ping ${icmp}, HTTP ${http}, name ${dns}`;
}

/** What was seen in a direction, in a line: `VPC1 -> VPC2: ping none, HTTP none, name public, as expected`. */
export function resultLine(direction: string, expected: ProbeOutcome, seen: ProbeOutcome): string {
    const [wanted, came] = [said(expected), said(seen)];
    return `${direction}: ${came}, ${came === wanted ? "as expected" : `expected ${wanted}`}`;
}
