import { randomBytes } from 'node:crypto';

/** Returns a random 128-bit identifier as Elasticsearch writes them: 22 characters of URL-safe base64. */
export const randomUuid = (): string => randomBytes(16).toString('base64url');

let sequence = randomBytes(3).readUIntBE(0, 3);
const node = randomBytes(5);

/**
 * Returns an `_id` for a document that came without one: 20 characters, rising with time within a process, so that such
 * ids are neighbours in the id index.
 */
export function generatedId(nowMs: number): string {
  const bytes = Buffer.allocUnsafe(15);
  sequence = (sequence + 1) % 2 ** 32;
  bytes.writeUIntBE(nowMs, 0, 6);
  bytes.writeUInt32BE(sequence, 6);
  node.copy(bytes, 10);
  return bytes.toString('base64url');
}
