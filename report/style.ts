/** Colors on a light ground and on a dark one; each has a contrast of 4.5 or more with what it stands on. */
const colors = `
:root {
    color-scheme: light dark;
    --ground: #fff;
    --text: #1f2328;
    --quiet: #59636e;
    --edge: #818b98;
    --panel: #f6f8fa;
    --good: #116329;
    --bad: #b3131d;
    --doubt: #7d4e00;
    --good-band: #dafbe1;
    --bad-band: #ffe3e0;
    --doubt-band: #fff1c2;
    --account: #c01766;
    --region: #00757a;
    --vpc: #7132d6;
    --subnet: #4d6a12;
}
@media (prefers-color-scheme: dark) {
    :root {
        --ground: #0d1117;
        --text: #e6edf3;
        --quiet: #9ea7b1;
        --edge: #6e7681;
        --panel: #161b22;
        --good: #56d364;
        --bad: #ff8b84;
        --doubt: #e3b341;
        --good-band: #123a1f;
        --bad-band: #561c1c;
        --doubt-band: #43330b;
        --account: #f778ba;
        --region: #39c5cf;
        --vpc: #bf94ff;
        --subnet: #a5c75f;
    }
}
`;

/** The style of a picture that stands by itself. */
export const pictureStyle = `${colors}
svg text {
    fill: var(--text);
    font:
        11px ui-monospace,
        monospace;
    white-space: pre;
}
svg .name {
    font-weight: bold;
}
.box {
    fill: var(--ground);
    stroke: var(--edge);
}
.account > .box,
.region > .box,
.vpc > .box,
.subnet > .box {
    fill: none;
}
.account > .box {
    stroke: var(--account);
}
.account > .name {
    fill: var(--account);
}
.region > .box {
    stroke: var(--region);
    stroke-dasharray: 6 3;
}
.region > .name {
    fill: var(--region);
}
.vpc > .box {
    stroke: var(--vpc);
    stroke-width: 1.5;
}
.vpc > .name {
    fill: var(--vpc);
}
.subnet > .box {
    stroke: var(--subnet);
}
.subnet > .name {
    fill: var(--subnet);
}
.connection > .box {
    stroke: var(--vpc);
}
.missing > .box {
    stroke-dasharray: 3 3;
}
.instance > .box {
    fill: var(--panel);
}
rect.passes {
    fill: var(--good-band);
}
rect.stopped {
    fill: var(--bad-band);
}
rect.unknown {
    fill: var(--doubt-band);
}
.way {
    --line: var(--good);
}
.way.not-reachable {
    --line: var(--bad);
}
.way.unknown {
    --line: var(--doubt);
}
.line,
.beyond,
.tick,
.cross,
.doubt {
    fill: none;
    stroke: var(--line);
    stroke-width: 1.5;
}
.answer .line {
    stroke-dasharray: 5 2.5;
}
.beyond,
.never .line {
    stroke-dasharray: 1 3;
}
.tick {
    stroke-width: 0.75;
}
.dots {
    stroke: var(--line);
    stroke-width: 4;
    stroke-linecap: round;
}
.cross {
    stroke-width: 2.5;
}
.never .head {
    fill: none;
    stroke: var(--line);
}
.way circle,
.head {
    fill: var(--line);
}
.way .doubt {
    fill: var(--ground);
}
svg .digit {
    fill: var(--ground);
    font-weight: bold;
    font-size: 10px;
    text-anchor: middle;
}
.quiet:not(.chosen) {
    display: none;
}
.picking .way:not(.chosen) {
    opacity: 0.15;
}
[data-server].chosen > .box {
    stroke: var(--vpc);
    stroke-width: 3;
}
.clickable [data-server] {
    cursor: pointer;
}
`;

/** The style of the page and of its pictures. */
export const style = `${pictureStyle}
* {
    box-sizing: border-box;
}
body {
    margin: 0 auto;
    max-width: 100rem;
    padding: 0.5rem;
    background: var(--ground);
    color: var(--text);
    font: 1rem/1.5 system-ui, sans-serif;
    overflow-wrap: anywhere;
}
h1 {
    font-size: 1.6rem;
}
section {
    /* What is far below is laid out only when it comes near. */
    content-visibility: auto;
    contain-intrinsic-size: auto 70rem;
}
h2 {
    margin-top: 2.5rem;
    padding-top: 0.5rem;
    border-top: 1px solid var(--edge);
}
h3 {
    margin: 0.5rem 0;
    font-size: 1rem;
}
a {
    color: inherit;
}
nav ol {
    columns: 14rem;
}
.source,
figcaption {
    color: var(--quiet);
    font-size: 0.875rem;
}
.ok {
    color: var(--good);
}
.failed {
    color: var(--bad);
    font-weight: bold;
}
pre {
    margin: 0.25rem 0;
    padding: 0.5rem;
    background: var(--panel);
    font: 0.8rem/1.4 ui-monospace, monospace;
    white-space: pre-wrap;
}
.moments {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(min(100%, 26rem), 1fr));
    gap: 1rem;
}
article {
    min-width: 0;
}
figure {
    margin: 0;
}
svg {
    display: block;
    width: 100%;
    max-width: 34rem;
    height: auto;
}
summary {
    cursor: pointer;
}
.checks,
.ways {
    padding-left: 1.5rem;
}
.checks {
    list-style: none;
    padding-left: 0;
    columns: 26rem;
}
.checks li {
    break-inside: avoid;
}
.checks p {
    white-space: pre-line;
}
.checks p,
.ways p {
    margin: 0;
    color: var(--quiet);
    font-size: 0.875rem;
}
.ways .reachable > strong {
    color: var(--good);
}
.ways .not-reachable > strong {
    color: var(--bad);
}
.ways .unknown > strong {
    color: var(--doubt);
}
.nothing {
    padding: 3rem 1rem;
    border: 1px dashed var(--edge);
    text-align: center;
}
.legend {
    display: flex;
    flex-wrap: wrap;
    gap: 0 1.5rem;
    padding: 0;
    list-style: none;
    color: var(--quiet);
    font-size: 0.875rem;
}
.legend svg {
    display: inline-block;
    width: 34px;
    margin-right: 0.5rem;
}
.chooser {
    display: flex;
    flex-wrap: wrap;
    gap: 0.5rem;
    margin: 0.5rem 0;
}
.chooser select {
    max-width: 100%;
    font: inherit;
}
.ways .chosen {
    outline: 2px solid var(--vpc);
    outline-offset: 4px;
}

@media print {
    body {
        max-width: none;
    }
    .moments {
        grid-template-columns: 1fr 1fr;
    }
    figure,
    li {
        break-inside: avoid-page;
    }
    .chooser {
        display: none;
    }
}
`;
