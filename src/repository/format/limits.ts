/** How large what a repository holds may be (FORMAT.md, "Threats and limits"): more is refused before memory is taken. */

const MIB = 1024 * 1024;

/** Bytes of JSON of a root, which lists tens of thousands of snapshots. */
export const ROOT_MAX_BYTES = 64 * MIB;
/** Bytes of JSON of any other metadata object. */
export const METADATA_MAX_BYTES = 128 * MIB;
/** Bytes of a segment's `_bulk` bodies, all together. */
export const SEGMENT_MAX_BYTES = 512 * MIB;
/** Bytes of `_bulk` body of a frame that holds one document: clusters take 100 MB, or what they are told. */
export const DOCUMENT_MAX_BYTES = 256 * MIB;
/** Bytes of `_bulk` body of a frame that holds more than one document. */
export const FRAME_MAX_BYTES = 64 * MIB;
/** Stored bytes of an object: compression may add a little to what can't be compressed. */
export const OBJECT_MAX_BYTES = SEGMENT_MAX_BYTES + 8 * MIB;
/** Bytes of the shortest pair of lines in a `_bulk` body. */
export const DOCUMENT_MIN_BYTES = '{"index":{"_id":"","version":1,"version_type":"external_gte"}}\n{}\n'.length;
/** Bytes of `metadata`, as the request gave it; the API takes 1 KiB. */
export const USER_METADATA_MAX_BYTES = 64 * 1024;
/** The last millisecond of the year 9999: what every printer of times can print. */
export const MAX_MILLIS = 253_402_300_799_999;
/** The greatest generation: there is always a next one whose key has as many digits as a key may have. */
export const MAX_GENERATION = 900_000_000_000_000;
/** Shards of one index. */
export const MAX_SHARDS = 100_000;
