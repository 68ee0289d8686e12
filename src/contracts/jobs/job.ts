/**
 * What all jobs are started with. What goes in and out of workflows is stored in their histories: identifiers, counts,
 * cursors and references, never documents, plans, manifests or secrets. Times are ms since the epoch, sizes bytes.
 */
import { type Registration } from '../registration';

/**
 * The repository a job was accepted for. The job opens this registration to its end, whatever is registered under the
 * name since.
 */
export interface JobRepository extends Registration {
  /** Uuid of the repository's root: jobs of one place share one ledger, whatever names they were asked under. */
  readonly place: string;
}

/** What every job is started with besides its own request. */
export interface JobOptions {
  /** How long any step may be tried without progress before it fails, ms (SNAPKEEP_SHARD_RETRY_WINDOW). */
  readonly retryWindowMs: number;
  /** Task queue of the activities that move data; the workflow's own queue serves the others. */
  readonly dataTaskQueue: string;
  /** Whether the search attributes of docs/operations.md are registered, so that jobs may set them. */
  readonly searchAttributes: boolean;
}

/** Heartbeat of a data activity: where it is, for resuming and for `_status`. */
export interface CopyProgress {
  readonly documents: number;
  readonly objects: number;
  readonly bytes: number;
}
