import fc from 'fast-check';
import { type Retention } from '../../src/contracts/jobs/policy';
import { expiredBySlm, expiredBySm } from '../../src/elasticsearch/retention-rules';

import '../support/properties';

type RetainedSnapshot = Parameters<typeof expiredBySlm>[1][number];

const NOW = 1_000;
const snapshots = fc.uniqueArray(
  fc.record({ state: fc.constantFrom('SUCCESS', 'PARTIAL', 'FAILED'), startMillis: fc.integer({ min: 0, max: NOW }) }),
  { selector: (one) => one.startMillis, maxLength: 12 },
) as fc.Arbitrary<RetainedSnapshot[]>;
const count = fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined });
const retentions: fc.Arbitrary<Retention> = fc
  .record({
    expireAfterMs: fc.option(fc.integer({ min: 0, max: NOW }), { nil: undefined }),
    minCount: count,
    maxCount: count,
  })
  .filter(({ minCount, maxCount }) => minCount === undefined || maxCount === undefined || minCount <= maxCount);

/** Decides on one snapshot by looking at all others, rule after rule, as Elasticsearch's reference tells them. */
function isExpired(
  one: RetainedSnapshot,
  all: readonly RetainedSnapshot[],
  { expireAfterMs, minCount, maxCount }: Retention,
) {
  const isGood = ({ state }: RetainedSnapshot): boolean => state === 'SUCCESS';
  const good = all.filter(isGood).length;
  const goodUpTo = all.filter((other) => isGood(other) && other.startMillis <= one.startMillis).length;
  const goodAfter = good - goodUpTo;
  if (expireAfterMs === undefined && !isGood(one) && goodAfter > 0) return true;
  if (maxCount !== undefined && good > maxCount && goodUpTo <= good - maxCount) return true;
  if (expireAfterMs === undefined || NOW - one.startMillis <= expireAfterMs) return false;
  return !isGood(one) || minCount === undefined || goodAfter >= minCount;
}

describe('the retention of Elasticsearch', () => {
  it('deletes what the rules say of each snapshot', () => {
    fc.assert(
      fc.property(snapshots, retentions, (all, retention) => {
        const expected = all.filter((one) => isExpired(one, all, retention));
        expect(new Set(expiredBySlm(retention, all, NOW))).toEqual(new Set(expected));
      }),
      { numRuns: 2_000 },
    );
  });

  it('keeps no more successful snapshots than the most, no fewer than the least, and is done after one run', () => {
    fc.assert(
      fc.property(snapshots, retentions, (all, retention) => {
        const gone = new Set(expiredBySlm(retention, all, NOW));
        const kept = all.filter((one) => !gone.has(one));
        const good = (of: readonly RetainedSnapshot[]): number => of.filter(({ state }) => state === 'SUCCESS').length;
        expect(good(kept)).toBeLessThanOrEqual(retention.maxCount ?? Infinity);
        expect(good(kept)).toBeGreaterThanOrEqual(Math.min(good(all), retention.minCount ?? 0));
        expect(expiredBySlm(retention, kept, NOW)).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the retention of OpenSearch', () => {
  it('deletes the oldest snapshots: those beyond the most, and aged ones as long as enough are left', () => {
    fc.assert(
      fc.property(snapshots, retentions, (all, retention) => {
        const { expireAfterMs, minCount = 1, maxCount = Infinity } = retention;
        const left = [...all].sort((a, b) => a.startMillis - b.startMillis);
        const gone: RetainedSnapshot[] = [];
        const isOld = (one: RetainedSnapshot): boolean =>
          expireAfterMs !== undefined && NOW - one.startMillis > expireAfterMs;
        while (left.length > maxCount || (left.length > minCount && isOld(left[0]!))) gone.push(left.shift()!);
        expect(expiredBySm(retention, all, NOW)).toEqual(gone);
      }),
      { numRuns: 2_000 },
    );
  });
});
