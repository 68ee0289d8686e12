/** What a running job needs of the snapshots in the bucket. */
export interface JobReads {
  /** Of the snapshot it takes. */
  readonly snapshotUuid?: string;
  /** UUIDs of the snapshots that it builds on, clones or restores; unknown from its begin until it has planned. */
  readonly reads: 'unknown' | readonly string[];
}

/**
 * The snapshots that no sweep may touch while these jobs run; undefined as long as one of them has not planned: then
 * nothing may be marked for sweeping, and no further job may begin before something was.
 */
export function snapshotsInUse(jobs: Iterable<JobReads>): ReadonlySet<string> | undefined {
  const inUse = new Set<string>();
  for (const { snapshotUuid, reads } of jobs) {
    if (reads === 'unknown') return undefined;
    if (snapshotUuid !== undefined) inUse.add(snapshotUuid);
    for (const uuid of reads) inUse.add(uuid);
  }
  return inUse;
}
