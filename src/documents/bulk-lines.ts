/** Divides `_bulk` bodies by their documents. Each document is two lines: the action and the source. */

const LINE_FEED = 0x0a;

/**
 * Returns the start of each document, followed by the length of the body. Throws RangeError when a line has no end or
 * an action no source.
 */
export function documentOffsets(body: Buffer): Uint32Array {
  let offsets = new Uint32Array(1024);
  let count = 0;
  let at = 0;
  while (at < body.length) {
    if (count + 1 === offsets.length) offsets = grow(offsets);
    offsets[count++] = at;
    at = lineEnd(body, lineEnd(body, at));
  }
  offsets[count] = body.length;
  return offsets.subarray(0, count + 1);
}

/** Returns the body as two of about equal length; a body of one document is returned unchanged. */
export function halve(body: Buffer): Buffer[] {
  const offsets = documentOffsets(body);
  const documents = offsets.length - 1;
  if (documents < 2) return [body];
  let middle = 1;
  while (middle < documents - 1 && offsets[middle]! < body.length / 2) middle++;
  return [body.subarray(0, offsets[middle]), body.subarray(offsets[middle])];
}

/** Returns a body of the documents at `positions`, which count from 0. */
export function pickDocuments(body: Buffer, positions: readonly number[]): Buffer {
  const offsets = documentOffsets(body);
  return Buffer.concat(positions.map((position) => body.subarray(offsets[position], offsets[position + 1])));
}

/** Returns the `_id` of the document at `position`; undefined if there is none. */
export function documentId(body: Buffer, position: number): string | undefined {
  const start = documentOffsets(body)[position];
  if (start === undefined || start >= body.length) return undefined;
  const action = JSON.parse(body.toString('utf8', start, lineEnd(body, start))) as Record<string, { _id?: string }>;
  return Object.values(action)[0]?._id;
}

function lineEnd(body: Buffer, from: number): number {
  const at = body.indexOf(LINE_FEED, from);
  if (at < 0) throw new RangeError(`a bulk body ends within a document, after byte [${from}]`);
  return at + 1;
}

function grow(offsets: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(offsets.length * 4);
  larger.set(offsets);
  return larger;
}
