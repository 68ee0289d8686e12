/**
 * Cuts listed documents into searches that the cluster answers cheaply. It decompresses each block of stored fields
 * once if the documents of a search are adjacent, else once per document.
 */
import { type DocumentList } from './ordered-list';

/** Adjacent entries `[start, end)` of a list, which one search returns. */
export interface Run {
  readonly start: number;
  readonly end: number;
}

/** The shortest run that is worth a search of its own. Clusters look for adjacent documents from ten on. */
const SHORTEST_RUN = 12;

/**
 * Returns the runs of wanted documents, ascending. Each is adjacent, or made of short ones with nothing but deleted
 * documents between them.
 */
export function cutRuns({ numbers }: DocumentList, wanted: (entry: number) => boolean): Run[] {
  const runs: { start: number; end: number; short: boolean }[] = [];
  let start = -1;
  const endAt = (end: number): void => {
    if (start < 0) return;
    const short = end - start < SHORTEST_RUN;
    const last = runs.at(-1);
    if (short && last?.short && last.end === start) last.end = end;
    else runs.push({ start, end, short });
    start = -1;
  };
  for (let i = 0; i < numbers.length; i++) {
    const keep = wanted(i);
    if (start >= 0 && !(keep && numbers[i] === numbers[i - 1]! + 1)) endAt(i);
    if (keep && start < 0) start = i;
  }
  endAt(numbers.length);
  return runs.map((run) => ({ start: run.start, end: run.end }));
}

/** Limits of one page of runs. */
interface RunLimits {
  readonly documents: number;
  readonly searches: number;
  /** Documents per search. */
  readonly perSearch: number;
}

/** Takes the runs of one page off the queue, and cuts the last one if it does not fit. */
export function takePage(queue: Run[], { documents, searches, perSearch }: RunLimits): Run[] {
  const page: Run[] = [];
  for (let room = documents; room > 0 && page.length < searches;) {
    const run = queue.shift();
    if (run === undefined) break;
    const end = Math.min(run.end, run.start + Math.min(room, perSearch));
    page.push({ start: run.start, end });
    if (end < run.end) queue.unshift({ start: end, end: run.end });
    room -= end - run.start;
  }
  return page;
}
