import { type LedgerJob } from './ledger';

/** What a running job needs of the snapshots in the bucket; `reads` are not known from its begin until it has planned. */
export type JobReads = Pick<LedgerJob, 'snapshotUuid' | 'reads'>;

/**
 * The snapshots that no sweep may touch while these jobs run; undefined as long as one of them has not planned: then
 * nothing may be marked for sweeping, and no further job may begin before something was.
 */
export function snapshotsInUse(jobs: Iterable<JobReads>): ReadonlySet<string> | undefined {
  const inUse = new Set<string>();
  for (const { snapshotUuid, reads } of jobs) {
    if (reads === undefined) return undefined;
    for (const uuid of reads) inUse.add(uuid);
    // A snapshot's own, too: an attempt of its commit may have come through already.
    if (snapshotUuid !== undefined) inUse.add(snapshotUuid);
  }
  return inUse;
}
