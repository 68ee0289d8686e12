/** The rules by which policies delete snapshots, as both products have them. Pure. */
import { type Retention } from '../contracts/jobs/policy';

/** A finished snapshot, as the rules look at it. */
interface RetainedSnapshot {
  readonly state: 'SUCCESS' | 'PARTIAL' | 'FAILED';
  readonly startMillis: number;
}

/**
 * Returns those of a policy's snapshots that it does not keep, by the rules of Elasticsearch's
 * `SnapshotRetentionConfiguration`: `max_count` and `min_count` count successful snapshots; failed ones go with what is
 * older than the newest that stay, when they expire, or, without `expire_after`, once a later snapshot succeeded.
 */
export function expiredBySlm<One extends RetainedSnapshot>(
  { expireAfterMs, minCount, maxCount }: Retention,
  snapshots: readonly One[],
  now: number,
): One[] {
  const sorted = byStart(snapshots);
  const successes = sorted.filter(({ state }) => state === 'SUCCESS');
  const newest = successes.at(-1)?.startMillis ?? -Infinity;
  const surplus = maxCount === undefined ? 0 : Math.max(0, successes.length - maxCount);
  const firstKept = surplus === 0 ? 0 : sorted.indexOf(successes[surplus]!);
  const mayExpire = new Set<One>(successes.slice(0, Math.max(0, successes.length - (minCount ?? 0))));
  return sorted.filter((one, i) => {
    const failed = one.state !== 'SUCCESS';
    if (failed && expireAfterMs === undefined && newest > one.startMillis) return true;
    if (i < firstKept) return true;
    if (expireAfterMs === undefined || now - one.startMillis <= expireAfterMs) return false;
    return failed || mayExpire.has(one);
  });
}

/**
 * Returns those of a policy's snapshots that it does not keep, by the rules of OpenSearch's snapshot management, which
 * count every snapshot, whatever its state.
 */
export function expiredBySm<One extends RetainedSnapshot>(
  { expireAfterMs, minCount = 1, maxCount }: Retention,
  snapshots: readonly One[],
  now: number,
): One[] {
  const sorted = byStart(snapshots);
  const old = expireAfterMs === undefined ? 0 : sorted.filter((one) => one.startMillis < now - expireAfterMs).length;
  const aged = Math.min(old, Math.max(0, sorted.length - minCount));
  const surplus = maxCount === undefined ? 0 : sorted.length - maxCount;
  return sorted.slice(0, Math.max(aged, surplus));
}

function byStart<One extends RetainedSnapshot>(snapshots: readonly One[]): One[] {
  return [...snapshots].sort((a, b) => a.startMillis - b.startMillis);
}
