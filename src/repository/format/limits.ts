/**
 * Limits of what a repository may hold (FORMAT.md, "Threats and limits"). Larger values are refused before memory is
 * taken.
 */

const MIB = 1024 * 1024;

/** Bytes of JSON of a root, which lists tens of thousands of snapshots. */
export const ROOT_MAX_BYTES = 64 * MIB;
/** Bytes of JSON of any other metadata object. */
export const METADATA_MAX_BYTES = 128 * MIB;
/** Bytes of a segment's `_bulk` bodies, all together. */
export const SEGMENT_MAX_BYTES = 512 * MIB;
/** Bytes of `_bulk` body of a frame that holds one document: clusters take 100 MB unless configured otherwise. */
export const DOCUMENT_MAX_BYTES = 256 * MIB;
/** Bytes of `_bulk` body of a frame that holds more than one document. */
export const FRAME_MAX_BYTES = 64 * MIB;
/** Stored bytes of an object: compression may add a little to incompressible bytes. */
export const OBJECT_MAX_BYTES = SEGMENT_MAX_BYTES + 8 * MIB;
/** Bytes of the shortest pair of lines in a `_bulk` body. */
export const DOCUMENT_MIN_BYTES = '{"index":{"_id":"","version":1,"version_type":"external_gte"}}\n{}\n'.length;
/** Bytes of `metadata` of a request; the API takes 1 KiB. */
export const USER_METADATA_MAX_BYTES = 64 * 1024;
/** The last millisecond of the year 9999: every printer of times can print it. */
export const MAX_MILLIS = 253_402_300_799_999;
/** The greatest generation that is read: a next one still fits into the digits of a key. */
export const MAX_GENERATION = 900_000_000_000_000;
/** Shards of one index. */
export const MAX_SHARDS = 100_000;
