import { type LedgerJob } from './ledger';

/** The fields of a job that decide which jobs it waits for. */
export type Claiming = Pick<LedgerJob, 'kind' | 'claims'>;

/**
 * Returns those of the earlier running jobs that must end before `job` may continue.
 *
 * - A snapshot waits for snapshots of the same indices. In commit order, the snapshots that use an object must be
 *   adjacent (FORMAT.md, "The base rule"), and a second reader of the same shard would only repeat the work.
 * - A restore waits for no job, because it only reads. A deletion waits for no job, because it only commits a root.
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
