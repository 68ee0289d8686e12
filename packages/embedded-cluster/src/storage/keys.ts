/**
 * Keys of the LMDB databases. Every key begins with the shard's ordinal (a number that is never used twice), so that
 * a shard is one contiguous range in each database, and a deleted shard's leftovers can never meet a new shard.
 */

/** Largest sequence number that a key holds: 48 bits. */
export const MAX_KEY_SEQ = 2 ** 48 - 1;

/**
 * Makes `[ordinal: u32][number: u48]`, big-endian: sorted as the numbers are. For sequence numbers and block numbers.
 */
export function numberKey(ordinal: number, value: number): Buffer {
  const key = Buffer.allocUnsafe(10);
  key.writeUInt32BE(ordinal, 0);
  key.writeUIntBE(value, 4, 6);
  return key;
}

/** Reads the number of a key made by {@link numberKey}. */
export function numberOfKey(key: Uint8Array): number {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).readUIntBE(4, 6);
}

/** Makes `[ordinal: u32][_id: UTF-8]`. */
export function idKey(ordinal: number, id: string): Buffer {
  const length = Buffer.byteLength(id);
  const key = Buffer.allocUnsafe(4 + length);
  key.writeUInt32BE(ordinal, 0);
  key.write(id, 4, 'utf8');
  return key;
}

/** Makes the first key of a shard, and (for `ordinal + 1`) the end of one. */
export function shardKey(ordinal: number): Buffer {
  const key = Buffer.allocUnsafe(4);
  key.writeUInt32BE(ordinal, 0);
  return key;
}

/** Encodes a sequence number as a value: u48. */
export function encodeNumber(value: number): Buffer {
  const buffer = Buffer.allocUnsafe(6);
  buffer.writeUIntBE(value, 0, 6);
  return buffer;
}
