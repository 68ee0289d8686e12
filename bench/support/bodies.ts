import { logId, logSource } from './documents';

/** Bytes of a `_bulk` body at which it is cut; the best of those tried for the cluster on two cores. */
const BODY_BYTES = 6 * 1024 * 1024;

/** `_bulk` bodies that index the given documents, in order. */
export function* bulkBodies(numbers: Iterable<number>, revision = 0): Generator<Buffer> {
  let lines: string[] = [];
  let length = 0;
  for (const number of numbers) {
    const line = `{"index":{"_id":"${logId(number)}"}}\n${logSource(number, revision)}\n`;
    lines.push(line);
    length += line.length;
    if (length >= BODY_BYTES) {
      yield Buffer.from(lines.join(''));
      lines = [];
      length = 0;
    }
  }
  if (lines.length > 0) yield Buffer.from(lines.join(''));
}

export function* numbersUpTo(end: number): Generator<number> {
  for (let number = 0; number < end; number++) yield number;
}
