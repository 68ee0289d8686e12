import { type LedgerJob } from './ledger';

/** What of a job decides whom it waits for. */
export type Claiming = Pick<LedgerJob, 'kind' | 'claims'>;

/**
 * Returns which of the running jobs that came earlier must end before `job` may go on.
 *
 * - A snapshot waits for snapshots of the same indices: in commit order the snapshots that use an object must be
 *   neighbours (FORMAT.md, "The base rule"), and a second reader of the same shard would only do the same work twice.
 * - A restore waits for nobody: it only reads. A removal commits a root, which needs no turn.
 */
export function blockersOf<Job extends Claiming>(job: Claiming, earlier: readonly Job[]): Job[] {
  if (job.kind !== 'snapshot') return [];
  return earlier.filter((other) => other.kind === 'snapshot' && overlap(job.claims, other.claims));
}

function overlap(a: readonly string[], b: readonly string[]): boolean {
  if (a.includes('*') || b.includes('*')) return true;
  const names = new Set(a);
  return b.some((name) => names.has(name));
}
