import { type LedgerJob } from './ledger';

/**
 * Which of the running jobs that came earlier must end before `job` may go on.
 *
 * - A snapshot waits for snapshots of the same indices: in commit order the snapshots that use an object must be
 *   neighbours (FORMAT.md, base rule), and a second reader of the same shard would only do the same work twice.
 * - A sweep (kind `delete`) waits for every snapshot and restore that was running: they may read what it removes.
 * - A restore waits for nobody: it only reads.
 */
export function blockersOf(job: LedgerJob, earlier: readonly LedgerJob[]): LedgerJob[] {
  switch (job.kind) {
    case 'snapshot':
      return earlier.filter((other) => other.kind === 'snapshot' && overlap(job.claims, other.claims));
    case 'delete':
      return earlier.filter((other) => other.kind !== 'delete');
    case 'restore':
      return [];
  }
}

function overlap(a: readonly string[], b: readonly string[]): boolean {
  if (a.includes('*') || b.includes('*')) return true;
  const names = new Set(a);
  return b.some((name) => names.has(name));
}
