import { defaultRoutingShards, murmur3, shardOf } from '../src/metadata/routing-hash';

const index = (shards: number) => ({ shards: { length: shards }, routingShards: defaultRoutingShards(shards) });

describe('the placement of documents', () => {
  it('is that of Elasticsearch 8.19, as seen on a real node with two shards', () => {
    const seen = { 1: 0, r: 0, 3: 0, 4: 1, 5: 0, 9: 0, 7: 0, 8: 1, v: 0, d1: 1, zz: 0, nope: 1 };
    for (const [routing, shard] of Object.entries(seen))
      expect([routing, shardOf(index(2), routing)]).toEqual([routing, shard]);
  });

  it('hashes as MurmurHash3 does', () => {
    // From Elasticsearch's Murmur3HashFunctionTests.
    expect(murmur3('hell') | 0).toBe(0x5a0cb7c3);
    expect(murmur3('hello') | 0).toBe(0xd7c31989 | 0);
    expect(murmur3('hello w') | 0).toBe(0x22ab2984);
    expect(murmur3('hello wo') | 0).toBe(0xdf0ca123 | 0);
    expect(murmur3('The quick brown fox jumps over the lazy dog') | 0).toBe(0xe07db09c | 0);
  });

  it('spreads documents evenly over any number of shards', () => {
    for (const shards of [2, 3, 5, 64]) {
      const counts = new Array<number>(shards).fill(0);
      for (let i = 0; i < shards * 500; i++) counts[shardOf(index(shards), `id-${i}`)]!++;
      expect(Math.min(...counts)).toBeGreaterThan(350);
      expect(Math.max(...counts)).toBeLessThan(650);
    }
  });
});
