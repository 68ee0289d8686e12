import { logId, logSource } from './documents';

/** Bytes from which a `_bulk` body is complete; the fastest of those measured, for a cluster on two cores. */
const BODY_BYTES = 6 * 1024 * 1024;

/** Yields `_bulk` bodies that index the given documents, in order, each of at least `bodyBytes` but the last. */
export function* bulkBodies(numbers: Iterable<number>, revision = 0, bodyBytes = BODY_BYTES): Generator<Buffer> {
  let lines: string[] = [];
  let length = 0;
  for (const number of numbers) {
    const line = `{"index":{"_id":"${logId(number)}"}}\n${logSource(number, revision)}\n`;
    lines.push(line);
    length += line.length;
    if (length >= bodyBytes) {
      yield Buffer.from(lines.join(''));
      lines = [];
      length = 0;
    }
  }
  if (lines.length > 0) yield Buffer.from(lines.join(''));
}

/** Yields the numbers from 0 to `end` − 1. */
export function* numbersUpTo(end: number): Generator<number> {
  for (let number = 0; number < end; number++) yield number;
}
