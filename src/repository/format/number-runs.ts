/**
 * Encodes ascending lists of integers as short text (FORMAT.md, "Runs"): `120000+5000,3+2,1` is 120000…124999, 125003,
 * 125004, 125006. A dense range of any size takes a few bytes.
 */
import { SnapkeepError } from '../../contracts/errors';

const RUN = /^(0|[1-9]\d{0,15})(?:\+([1-9]\d{0,15}))?$/;

/** Encodes a list. Throws `internal` unless the numbers are strictly ascending integers >= 0. */
export function encodeRuns(numbers: ArrayLike<number>): string {
  const runs: string[] = [];
  let end = 0; // one past the previous run
  for (let i = 0; i < numbers.length;) {
    const start = numbers[i]!;
    if (!Number.isSafeInteger(start) || start < end || (i > 0 && start === end)) {
      throw new SnapkeepError('internal', `runs need ascending integers, got [${start}] after [${end - 1}]`);
    }
    let length = 1;
    while (i + length < numbers.length && numbers[i + length] === start + length) length++;
    runs.push(length === 1 ? `${start - end}` : `${start - end}+${length}`);
    end = start + length;
    i += length;
  }
  return runs.join(',');
}

/** Counts the numbers of a list. Throws `repository_corrupt` if the text is not a list of runs. */
export function countRuns(text: string): number {
  let count = 0;
  eachRun(text, (_start, length) => {
    count += length;
  });
  return count;
}

/** Returns count, first number, and one past the last; all are NaN if the text is not a list of runs. */
export function measureRuns(text: string): { count: number; start: number; end: number } {
  let [count, start, end] = [0, 0, 0];
  try {
    eachRun(text, (from, length) => {
      if (count === 0) start = from;
      count += length;
      end = from + length;
    });
    return { count, start, end };
  } catch {
    return { count: Number.NaN, start: Number.NaN, end: Number.NaN };
  }
}

/**
 * Decodes a list. `expected` is the count that the text must have; another count is refused before memory is taken.
 * Throws `repository_corrupt`.
 */
export function decodeRuns(text: string, expected: number): Float64Array {
  const count = countRuns(text);
  if (count !== expected) {
    throw new SnapkeepError('repository_corrupt', `a list of ${expected} numbers holds ${count}`);
  }
  const numbers = new Float64Array(count);
  let i = 0;
  eachRun(text, (start, length) => {
    for (let k = 0; k < length; k++) numbers[i++] = start + k;
  });
  return numbers;
}

/** Visits first number and length of each run. Throws `repository_corrupt` if the text is not a list of runs. */
export function eachRun(text: string, visit: (start: number, length: number) => void): void {
  if (text === '') return;
  let end = 0;
  let first = true;
  for (const run of text.split(',')) {
    const match = RUN.exec(run);
    const gap = match === null ? Number.NaN : Number(match[1]);
    const length = match?.[2] === undefined ? 1 : Number(match[2]);
    const start = end + gap;
    if (!Number.isSafeInteger(start + length) || (!first && gap === 0)) {
      throw new SnapkeepError('repository_corrupt', `[${run.slice(0, 40)}] is not a run of numbers`);
    }
    visit(start, length);
    end = start + length;
    first = false;
  }
}
