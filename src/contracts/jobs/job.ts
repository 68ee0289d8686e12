/**
 * Inputs that all jobs share. Inputs and results of workflows are stored in their histories, so they hold identifiers,
 * counts, cursors and references, never documents, plans, manifests or secrets. Times are ms since the epoch, sizes are
 * bytes.
 */
import { type Registration } from '../registration';

/**
 * The repository that a job was accepted for. The job uses this registration until it ends, even if another one is
 * registered under the name.
 */
export interface JobRepository extends Registration {
  /** Uuid of the repository's root. Jobs of one place share one ledger, even if several names lead to it. */
  readonly place: string;
}

/** Options of every job, besides its own request. */
export interface JobOptions {
  /** Ms for which a step is retried without progress before it fails (SNAPKEEP_SHARD_RETRY_WINDOW). */
  readonly retryWindowMs: number;
  /** Task queue of the activities that move data; the workflow's own queue serves the others. */
  readonly dataTaskQueue: string;
  /** Whether the search attributes of docs/operations.md are registered, so that jobs may set them. */
  readonly searchAttributes: boolean;
}

/** Progress in the heartbeats of a data activity, for resuming and for `_status`. */
export interface CopyProgress {
  readonly documents: number;
  readonly objects: number;
  readonly bytes: number;
}

/** The progress of work that has done nothing yet. */
export const NO_PROGRESS: CopyProgress = { documents: 0, objects: 0, bytes: 0 };
