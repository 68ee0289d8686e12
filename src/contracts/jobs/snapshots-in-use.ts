import { type LedgerJob } from './ledger';

/** The snapshots in the bucket that a running job needs. `reads` is unset from its begin until it has planned. */
export type JobReads = Pick<LedgerJob, 'snapshotUuid' | 'reads'>;

/**
 * Returns the snapshots that no sweep may touch while these jobs run. Returns undefined while one of the jobs has not
 * planned. Until then nothing may be marked for sweeping, and while a sweep waits to mark, no further job may begin.
 */
export function snapshotsInUse(jobs: Iterable<JobReads>): ReadonlySet<string> | undefined {
  const inUse = new Set<string>();
  for (const { snapshotUuid, reads } of jobs) {
    if (reads === undefined) return undefined;
    for (const uuid of reads) inUse.add(uuid);
    // The job's own snapshot is in use too, because an attempt of its commit may have succeeded.
    if (snapshotUuid !== undefined) inUse.add(snapshotUuid);
  }
  return inUse;
}
