/** Draws the goals as one SVG of horizontal bars. Pure. */
import { type Goal } from './goals';

const WIDTH = 960;
const TOP = 64;
const ROW = 26;
const BAR = { x: 470, height: 12, goal: 200, longest: 300 };
const MARGIN = 16;
/** A bar is cut where it would be this many times the goal: longer ones tell nothing more. */
const CUT = BAR.longest / BAR.goal;

/** Colours on light and on dark pages; the page behind a picture decides by its own setting. */
const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #24292f }
  .title { font-size: 15px; font-weight: 600 }
  .quiet { fill: #57606a }
  .track { fill: #d0d7de; opacity: .5 }
  .yes { fill: #1a7f64 } .no { fill: #bc5a0c }
  .goal { stroke: #24292f; stroke-width: 1.5; stroke-dasharray: 3 3 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .quiet { fill: #9198a1 } .track { fill: #3d444d }
    .yes { fill: #3fb68b } .no { fill: #e08a3c } .goal { stroke: #e6edf3 }
  }`;

/**
 * Draws a bar for every goal, as long as the measurement in units of its goal: bars that end at the dashed line or
 * before it have reached theirs.
 */
export function chartOf(goals: readonly Goal[], title: string): string {
  const height = TOP + goals.length * ROW + MARGIN;
  const line = BAR.x + BAR.goal;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}\n</style>`,
    `<text class="title" x="${MARGIN}" y="24">${escaped(title)}</text>`,
    `<text class="quiet" x="${line}" y="${TOP - 10}" text-anchor="middle">goal</text>`,
    ...goals.map((goal, row) => barOf(goal, TOP + row * ROW)),
    `<line class="goal" x1="${line}" y1="${TOP - 4}" x2="${line}" y2="${height - MARGIN}"/>`,
    '</svg>',
    '',
  ].join('\n');
}

function barOf({ work, against, value, most, measured, reach, reached, isRatio }: Goal, y: number): string {
  const share = most > 0 ? value / most : value > 0 ? CUT : 0;
  const length = Math.max(1, Math.min(share, CUT) * BAR.goal);
  const of = isRatio ? ` / ${against}` : '';
  const base = y + BAR.height - 2;
  return [
    `<text x="${MARGIN}" y="${base}">${escaped(shortened(work + of))}</text>`,
    `<rect class="track" x="${BAR.x}" y="${y}" width="${BAR.longest}" height="${BAR.height}" rx="2"/>`,
    `<rect class="${reached ? 'yes' : 'no'}" x="${BAR.x}" y="${y}" width="${length.toFixed(1)}" height="${BAR.height}" rx="2"/>`,
    `<text x="${BAR.x + BAR.longest + 10}" y="${base}">${escaped(measured)}` +
      `<tspan class="quiet" dx="6">${escaped(reach)}</tspan></text>`,
  ].join('');
}

/** The most characters that fit to the left of the bars. */
const MOST_CHARACTERS = 66;

function shortened(text: string): string {
  return text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS - 1)}…`;
}

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
