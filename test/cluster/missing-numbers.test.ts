import fc from 'fast-check';
import { type BucketSum, bucketWidth, liveBySums } from '../../src/cluster/reading/missing-numbers';

describe('numbers that are missing', () => {
  /** What a cluster tells of the live numbers of a range. */
  const bucketsOf = (live: readonly number[], start: number, width: number): BucketSum[] => {
    const buckets = new Map<number, { count: number; sum: number }>();
    for (const number of live) {
      const from = start + Math.floor((number - start) / width) * width;
      const bucket = buckets.get(from) ?? { count: 0, sum: 0 };
      buckets.set(from, { count: bucket.count + 1, sum: bucket.sum + number });
    }
    return [...buckets].map(([from, bucket]) => ({ from, ...bucket }));
  };

  it('are told from sums, or their neighbourhood is unclear, and nothing that is live is ever taken for missing', () => {
    const numbers = fc.uniqueArray(fc.integer({ min: 100, max: 399 })).map((all) => all.sort((a, b) => a - b));
    fc.assert(
      fc.property(numbers, numbers, fc.integer({ min: 1, max: 40 }), fc.boolean(), (before, other, width, honest) => {
        const range = { from: 100, to: 400 };
        // Of a shard that kept its word, or of one that shows what was not there.
        const shown = honest ? before.filter((number) => !other.includes(number)) : other;
        const { live, unclear } = liveBySums(Float64Array.from(before), bucketsOf(shown, 100, width), range, width);
        for (const { from, to } of unclear) expect(from >= 100 && from < to && to <= 400).toBe(true);
        const isUnclear = (number: number) => unclear.some(({ from, to }) => number >= from && number < to);
        expect([...live].some(isUnclear)).toBe(false);
        if (honest) expect([...live]).toEqual(shown.filter((number) => !isUnclear(number)));
        const listed = shown.filter(isUnclear);
        // What was counted is found, one way or the other: the caller compares.
        if (!honest) expect(live.length + listed.length).toBe(shown.length);
      }),
      { numRuns: 500 },
    );
  });

  it('leave few buckets unclear when one in a hundred is missing', () => {
    const before = Float64Array.from({ length: 100_000 }, (_, i) => i);
    const shown = [...before].filter((number) => (number * 7_919) % 101 !== 0);
    const range = { from: 0, to: before.length };
    const width = bucketWidth(range, before, shown.length)!;
    const { live, unclear } = liveBySums(before, bucketsOf(shown, 0, width), range, width);
    expect(width).toBeGreaterThan(10);
    expect(live.length).toBeGreaterThan(90_000);
    expect(unclear.length * width).toBeLessThan(10_000);
  });

  it('are listed where most are, or where sums would not be exact', () => {
    const before = Float64Array.from({ length: 1_000 }, (_, i) => i);
    expect(bucketWidth({ from: 0, to: 1_000 }, before, 800)).toBeUndefined();
    expect(bucketWidth({ from: 2 ** 52, to: 2 ** 52 + 1_000 }, before, 990)).toBeUndefined();
    expect(bucketWidth({ from: 0, to: 1_000 }, before, 990)).toBe(20);
  });
});
