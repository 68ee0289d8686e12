/**
 * Which shard a document belongs to, as Elasticsearch decides it (IndexRouting, Murmur3HashFunction): documents fall
 * on the same shard here as there.
 */

const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;

const rotate = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits));

/** Returns MurmurHash3 (x86, 32 bits, seed 0) of the UTF-16LE code units of `text`, as a signed integer. */
export function murmur3(text: string): number {
  let hash = 0;
  const pairs = text.length & ~1;
  for (let i = 0; i < pairs; i += 2) {
    let k = text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16);
    k = Math.imul(rotate(Math.imul(k, C1), 15), C2);
    hash = (Math.imul(rotate(hash ^ k, 13), 5) + 0xe6546b64) | 0;
  }
  if (pairs < text.length) hash ^= Math.imul(rotate(Math.imul(text.charCodeAt(pairs), C1), 15), C2);
  hash ^= text.length * 2;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/**
 * Returns the virtual shards of a new index: the largest power-of-two multiple of `shards` up to 1,024, at least two
 * each.
 */
export function defaultRoutingShards(shards: number): number {
  const bits = 32 - Math.clz32(shards - 1);
  return shards * 2 ** Math.max(1, 10 - bits);
}

/** Returns the shard of a document: by its routing value where it has one, else by its `_id`. */
export function shardOf(index: { shards: { length: number }; routingShards: number }, routing: string): number {
  if (index.shards.length === 1) return 0;
  const virtual = ((murmur3(routing) % index.routingShards) + index.routingShards) % index.routingShards;
  return Math.floor(virtual / (index.routingShards / index.shards.length));
}
