/**
 * Who works on one place: what `repositoryWorkflow` keeps, and shows in its memo so that it can be read without a worker.
 */

export type JobKind = 'snapshot' | 'restore' | 'delete';

/** A job as lists show it. */
export interface ShownJob {
  readonly workflowId: string;
  readonly kind: JobKind;
  /** Name under which the repository was asked. */
  readonly repository: string;
  /** The snapshot it makes or reads; the first of those it deletes. */
  readonly snapshot: string;
  /** Uuid of that snapshot; unset while it is not known. */
  readonly snapshotUuid?: string;
  readonly startMillis: number;
}

/** A job as it enters the ledger. */
export interface LedgerJob extends ShownJob {
  /** Hashes of the names of the indices that a snapshot reads; `*` claims all. */
  readonly claims: readonly string[];
  /** Uuids of the snapshots that the job builds on or reads; unset while it may be any. A sweep spares them. */
  readonly reads?: readonly string[];
}

/** Index names that a job claims one by one; a job with more of them claims all. */
export const MAX_CLAIMS = 1000;
/** Jobs of one place at once; one more is refused. Elasticsearch's `snapshot.max_concurrent_operations`. */
export const MAX_JOBS = 1000;

export interface BeginJobResult {
  /** False: a job that came earlier must end first; `jobGranted` will be signalled. */
  readonly granted: boolean;
}

/** Name of the memo field in which the ledger shows {@link ShownJobs}. */
export const LEDGER_MEMO = 'jobs';

export interface ShownJobs {
  /** In the order they came. */
  readonly running: readonly ShownJob[];
  /** Restores that ended lately, newest last, so that `_recovery` can show them. */
  readonly restores: readonly ShownJob[];
}
