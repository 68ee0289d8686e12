/** A `_bulk` body by its documents: each is two lines, the action and the source. Pure. */

const LINE_FEED = 0x0a;

/** Start of every document, and the body's length at the end. Throws if a line has no end or an action no source. */
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

/** The body as two of about the same length, or as it is if it holds one document. */
export function halve(body: Buffer): Buffer[] {
  const offsets = documentOffsets(body);
  const documents = offsets.length - 1;
  if (documents < 2) return [body];
  let middle = 1;
  while (middle < documents - 1 && offsets[middle]! < body.length / 2) middle++;
  return [body.subarray(0, offsets[middle]), body.subarray(offsets[middle])];
}

/** A body of the documents at some positions. */
export function pickDocuments(body: Buffer, positions: readonly number[]): Buffer {
  const offsets = documentOffsets(body);
  return Buffer.concat(positions.map((position) => body.subarray(offsets[position], offsets[position + 1])));
}

/** The `_id` of the document at a position. */
export function documentId(body: Buffer, position: number): string | undefined {
  const start = documentOffsets(body)[position];
  if (start === undefined || start >= body.length) return undefined;
  const action = JSON.parse(body.toString('utf8', start, lineEnd(body, start))) as Record<string, { _id?: string }>;
  return Object.values(action)[0]?._id;
}

function lineEnd(body: Buffer, from: number): number {
  const at = body.indexOf(LINE_FEED, from);
  if (at < 0) throw new RangeError(`A bulk body that ends within a document, after byte ${from}`);
  return at + 1;
}

function grow(offsets: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(offsets.length * 4);
  larger.set(offsets);
  return larger;
}
