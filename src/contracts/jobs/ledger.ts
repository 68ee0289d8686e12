/**
 * Who works on one place: what `repositoryWorkflow` keeps, and shows in its memo so that it can be read without a worker.
 */
import { type JobOptions, type JobRepository } from './job';

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

/** How a job ended. */
export interface JobOutcome {
  readonly state: 'SUCCESS' | 'PARTIAL' | 'FAILED' | 'ABORTED';
  /** Why it is not SUCCESS; at most {@link MAX_REASON} characters. */
  readonly reason?: string;
}

/** A job that is over, as lists show it. */
export interface EndedJob extends ShownJob, JobOutcome {
  readonly endMillis: number;
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
/** Claims of all jobs of a place; beyond them a job claims all, so that the ledger's state stays below 1 MB. */
export const MAX_CLAIMS_OF_PLACE = 60_000;
/** Jobs of one place at once; one more is refused. Elasticsearch's `snapshot.max_concurrent_operations`. */
export const MAX_JOBS = 1000;
/** Characters of a reason that are kept of an ended job. */
export const MAX_REASON = 1_000;

/** How the ledger opens its place to sweep it: as the last job did that may write there. */
export interface Sweeper {
  readonly repository: JobRepository;
  readonly options: JobOptions;
}

/** Jobs of one place that begin together, in their order. */
export interface BeginJobs {
  readonly jobs: readonly LedgerJob[];
  /** Unset where all their registrations are read-only. */
  readonly sweeper?: Sweeper;
}

export interface BeginJobResult {
  /** False: a job that came earlier must end first; `jobGranted` will be signalled. */
  readonly granted: boolean;
  /** {@link MAX_JOBS} work on the place already: the job was not entered. */
  readonly full?: boolean;
}

export interface EndJob {
  readonly workflowId: string;
  readonly outcome: JobOutcome;
}

/** The jobs of one place, and who waits. */
export interface BookState {
  /** In the order they came. */
  readonly running: readonly LedgerJob[];
  /** Workflow ids of those that wait. */
  readonly waiting: readonly string[];
  /** Newest last. */
  readonly ended: readonly EndedJob[];
  /** Uuids of snapshots whose jobs ended without a word: what they wrote has to be rolled back. */
  readonly stranded: readonly string[];
}

/** What `repositoryWorkflow` is started with, and continues as new with. */
export interface LedgerState extends BookState {
  /** Uuid of the root. */
  readonly place: string;
  readonly sweeper?: Sweeper;
  /** Whether something may be there to sweep. */
  readonly sweepDue: boolean;
  /** Whether the last sweep spared what running jobs need: one is due when the next job ends. */
  readonly sweepLeft: boolean;
  /** Earliest time of the next sweep, ms since the epoch. */
  readonly sweepFrom: number;
  /** Whether `sweepRepositoryWorkflow` runs. */
  readonly sweeping: boolean;
  /** Workflows to signal when the sweep they asked for is over. */
  readonly sweepWaiters: readonly string[];
  /** Whether no registration leads here any more: the ledger ends once nobody works. */
  readonly retiring: boolean;
  /** How often running jobs are looked at, ms: those that others wait for, and others. */
  readonly checkMs: { readonly awaited: number; readonly others: number };
}

/** The workflow that keeps the ledger of a place, as those see it who start it. */
export type LedgerWorkflow = (state: LedgerState) => Promise<void>;

/** A ledger that knows nothing. A sweep is due: a former ledger may have been terminated before it swept. */
export function newLedger(place: string): LedgerState {
  return {
    place,
    running: [],
    waiting: [],
    ended: [],
    stranded: [],
    sweepDue: true,
    sweepLeft: false,
    sweepFrom: 0,
    sweeping: false,
    sweepWaiters: [],
    retiring: false,
    checkMs: { awaited: 15_000, others: 60_000 },
  };
}

/** Name of the memo field in which the ledger shows {@link ShownJobs}. */
export const LEDGER_MEMO = 'jobs';

export interface ShownJobs {
  /** In the order they came. */
  readonly running: readonly ShownJob[];
  /** Jobs that ended lately, newest last. */
  readonly ended: readonly EndedJob[];
}

/** What a sweep is started with. */
export interface SweepInput extends Sweeper {
  /** Uuids of snapshots whose jobs ended without rolling back. */
  readonly stranded: readonly string[];
}

/** What a sweep came to. */
export interface SweepOutcome {
  readonly deletedObjects: number;
  readonly deletedBytes: number;
  /** Removed snapshots that running jobs still build on or read: they have to be swept later. */
  readonly left: number;
}

/** A request to sweep; the workflow that asks is signalled `swept`. */
export interface SweepRequest extends Sweeper {
  readonly workflowId: string;
}
