/**
 * Encodes ascending lists of integers as short text (FORMAT.md, "Runs"): `120000+5000,3+2,1` is 120000…124999, 125003,
 * 125004, 125006. A dense range of any size takes a few bytes. A list may repeat numbers: `7,-1,-1+2` is 7, 7, 7, 8.
 */
import { SnapkeepError } from '../../contracts/errors';

const RUN = /^(-1|0|[1-9]\d{0,15})(?:\+([1-9]\d{0,15}))?$/;

/** Encodes a list. Throws `internal` unless the numbers are ascending integers >= 0. */
export function encodeRuns(numbers: ArrayLike<number>): string {
  const runs: string[] = [];
  let end = 0; // one past the previous run
  for (let i = 0; i < numbers.length;) {
    const start = numbers[i]!;
    const least = i === 0 ? 0 : end - 1;
    if (!Number.isSafeInteger(start) || start < least) {
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

/** A list of runs without its numbers. */
interface Measured {
  readonly count: number;
  readonly start: number;
  /** One past the last number. */
  readonly end: number;
  /** Whether a number occurs more than once. */
  readonly repeats: boolean;
}

/** Measures a list; the numbers of the result are NaN if the text is not a list of runs. */
export function measureRuns(text: string): Measured {
  let [count, start, end, repeats] = [0, 0, 0, false];
  try {
    eachRun(text, (from, length) => {
      if (count === 0) start = from;
      else repeats ||= from < end;
      count += length;
      end = from + length;
    });
    return { count, start, end, repeats };
  } catch {
    return { count: Number.NaN, start: Number.NaN, end: Number.NaN, repeats: false };
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
    if (!Number.isSafeInteger(start + length) || (first ? gap < 0 : gap === 0)) {
      throw new SnapkeepError('repository_corrupt', `[${run.slice(0, 40)}] is not a run of numbers`);
    }
    visit(start, length);
    end = start + length;
    first = false;
  }
}
