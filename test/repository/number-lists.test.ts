import fc from 'fast-check';
import { BUCKET, decodeBuckets, encodeBuckets } from '../../src/repository/format/number-buckets';
import { joined, lossesOf, within } from '../../src/repository/segments/ascending-numbers';
import { NumberSet } from '../../src/repository/segments/number-set';

const repeating = fc.array(fc.nat({ max: 40 }), { maxLength: 60 }).map((list) => Float64Array.from(list).sort());

test('the losses of a list are those of a multiset', () => {
  fc.assert(
    fc.property(repeating, repeating, (before, now) => {
      const count = (list: Float64Array, number: number): number => list.filter((one) => one === number).length;
      const { gone, fewer, grown } = lossesOf(before, now);
      const all = [...new Set([...before, ...now])].sort((a, b) => a - b);
      expect([...gone]).toEqual(all.filter((n) => count(before, n) > 0 && count(now, n) === 0));
      expect([...fewer]).toEqual(all.filter((n) => count(now, n) > 0 && count(now, n) < count(before, n)));
      expect(grown).toBe(all.some((n) => count(now, n) > count(before, n)));
    }),
  );
});

test('lists are joined and cut in ascending order', () => {
  fc.assert(
    fc.property(fc.array(repeating, { minLength: 1, maxLength: 5 }), fc.nat(40), fc.nat(40), (lists, a, b) => {
      const all = joined(lists);
      expect([...all]).toEqual(lists.flatMap((list) => [...list]).sort((x, y) => x - y));
      const [from, to] = [Math.min(a, b), Math.max(a, b)];
      expect([...within(all, from, to)]).toEqual([...all].filter((n) => n >= from && n < to));
    }),
  );
});

test('a set of numbers holds what was added, also when it is read back', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(5_000)), fc.array(fc.nat(5_000)), (first, second) => {
      const set = new NumberSet();
      set.add(Float64Array.from(first).sort());
      set.add(Float64Array.from(second).sort());
      const members = new Set([...first, ...second]);
      const again = new NumberSet(set.toText());
      const held = (one: NumberSet): number[] => Array.from({ length: 5_100 }, (_, n) => n).filter((n) => one.has(n));
      expect(held(set)).toEqual([...members].sort((a, b) => a - b));
      expect(held(again)).toEqual(held(set));
    }),
    { numRuns: 20 },
  );
});

test('counts of buckets come back as they were', () => {
  const counts = new Map([
    [25, 1],
    [0, BUCKET],
    [3, 17],
  ]);
  expect(encodeBuckets(counts)).toBe(`0:${BUCKET},3:17,25:1`);
  expect(decodeBuckets(encodeBuckets(counts))).toEqual(new Map([...counts].sort(([a], [b]) => a - b)));
});

test.each(['', 'x', '1', '1:', '1:0', '2:1,1:1', '1:1,1:1', '-1:5', '9007199254740991:1'])(
  '[%s] is no list of counts',
  (text) => {
    expect(() => decodeBuckets(text)).toThrow('is not the count of a bucket');
  },
);
