/** Converts search responses to `_bulk` bodies (FORMAT.md, "Segment"). Bytes are copied, never parsed and printed. */
import { SnapkeepError } from '../contracts/errors';
import { type HitTable } from './scan-hits';
import { toSingleLine } from './single-line';

const ID = Buffer.from('{"index":{"_id":');
const ROUTING = Buffer.from(',"routing":');
const VERSION = Buffer.from(',"version":');
const SOURCE = Buffer.from(',"version_type":"external_gte"}}\n');
const LINE_FEED = 0x0a;

/**
 * Returns the hits of `page` as one `_bulk` body, in memory from `allocate`. Throws `source_disabled` when a hit has no
 * `_source`.
 */
export function bulkBody(
  page: Buffer,
  hits: HitTable,
  allocate: (bytes: number) => Buffer = (bytes) => Buffer.allocUnsafeSlow(bytes),
): Buffer {
  const body = allocate(bodyLength(hits));
  let at = 0;
  for (let i = 0; i < hits.count; i++) {
    at = putShort(body, at, ID, 0, ID.length);
    at = putShort(body, at, page, hits.idStart[i]!, hits.idEnd[i]!);
    if (hits.routingStart[i]! >= 0) {
      at = putShort(body, at, ROUTING, 0, ROUTING.length);
      at = putShort(body, at, page, hits.routingStart[i]!, hits.routingEnd[i]!);
    }
    at = putShort(body, at, VERSION, 0, VERSION.length);
    at = putShort(body, at, page, hits.versionStart[i]!, hits.versionEnd[i]!);
    at = putShort(body, at, SOURCE, 0, SOURCE.length);
    const start = hits.sourceStart[i]!;
    const end = hits.sourceEnd[i]!;
    if (hits.sourceBreaks[i] === 0) {
      body.set(new Uint8Array(page.buffer, page.byteOffset + start, end - start), at);
      at += end - start;
    } else at += toSingleLine(page.subarray(start, end)).copy(body, at);
    body[at++] = LINE_FEED;
  }
  return at === body.length ? body : body.subarray(0, at);
}

/** Copies byte by byte, because a native copy costs more for a few dozen bytes. Returns the end in `body`. */
function putShort(body: Buffer, at: number, bytes: Buffer, start: number, end: number): number {
  for (let i = start; i < end; i++) body[at++] = bytes[i]!;
  return at;
}

function bodyLength(hits: HitTable): number {
  let length = 0;
  for (let i = 0; i < hits.count; i++) {
    if (hits.sourceStart[i]! < 0) {
      throw new SnapkeepError(
        'source_disabled',
        'a document has no [_source]: the mapping disables it, so it cannot be kept',
      );
    }
    length += ID.length + (hits.idEnd[i]! - hits.idStart[i]!);
    if (hits.routingStart[i]! >= 0) length += ROUTING.length + (hits.routingEnd[i]! - hits.routingStart[i]!);
    length += VERSION.length + (hits.versionEnd[i]! - hits.versionStart[i]!);
    length += SOURCE.length + (hits.sourceEnd[i]! - hits.sourceStart[i]!) + 1;
  }
  return length;
}

/**
 * Returns the body without the documents at `positions` (ascending, from 0). Throws `repository_corrupt` when the body
 * does not have exactly `documents` pairs of lines.
 */
export function dropDocuments(body: Buffer, documents: number, positions: Uint32Array): Buffer {
  const kept: Buffer[] = [];
  let keptFrom = 0;
  let at = 0;
  let k = 0;
  for (let i = 0; i < documents; i++) {
    const start = at;
    at = lineEnd(body, lineEnd(body, at));
    if (k < positions.length && positions[k] === i) {
      if (start > keptFrom) kept.push(body.subarray(keptFrom, start));
      keptFrom = at;
      k++;
    }
  }
  if (at !== body.length || k !== positions.length) {
    throw new SnapkeepError('repository_corrupt', `a frame does not hold the ${documents} documents it should`);
  }
  if (at > keptFrom) kept.push(body.subarray(keptFrom, at));
  return Buffer.concat(kept);
}

function lineEnd(body: Buffer, from: number): number {
  const at = body.indexOf(LINE_FEED, from);
  if (at < 0) throw new SnapkeepError('repository_corrupt', 'a frame ends within a document');
  return at + 1;
}
