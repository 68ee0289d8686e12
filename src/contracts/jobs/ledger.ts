/**
 * The ledger of a place: the jobs that run there. `repositoryWorkflow` keeps the ledger, and shows it in its memo so
 * that it can be read without a worker.
 */
import { type JobOptions, type JobRepository } from './job';

export type JobKind = 'snapshot' | 'restore' | 'delete' | 'clone' | 'cleanup' | 'analyze';

/** A job as lists show it. */
export interface ShownJob {
  readonly workflowId: string;
  readonly kind: JobKind;
  /** Name of the repository in the request. */
  readonly repository: string;
  /** The snapshot that the job creates or reads; the first of those that it deletes; '' for a clean-up. */
  readonly snapshot: string;
  /** Uuid of that snapshot; unset while it is unknown. */
  readonly snapshotUuid?: string;
  readonly startMillis: number;
}

/** The outcome of a job. */
export interface JobOutcome {
  readonly state: 'SUCCESS' | 'PARTIAL' | 'FAILED' | 'ABORTED';
  /** Reason for a state other than SUCCESS; at most {@link MAX_REASON} characters. */
  readonly reason?: string;
}

/** An ended job as lists show it. */
export interface EndedJob extends ShownJob, JobOutcome {
  readonly endMillis: number;
}

/** A job's entry in the ledger. */
export interface LedgerJob extends ShownJob {
  /** Hashes of the names of the indices that a snapshot reads; `*` stands for all. */
  readonly claims: readonly string[];
  /** Uuids of the snapshots that the job builds on or reads, which no sweep touches; unset while they are unknown. */
  readonly reads?: readonly string[];
}

/** Most index names that a job claims one by one; a job with more of them claims all. */
export const MAX_CLAIMS = 1000;
/** Most claims of all jobs of a place. Beyond them a job claims all, so that the ledger's state stays below 1 MB. */
export const MAX_CLAIMS_OF_PLACE = 60_000;
/** Most concurrent jobs of one place; more are refused. As Elasticsearch's `snapshot.max_concurrent_operations`. */
export const MAX_JOBS = 1000;
/** Most characters of an ended job's reason. */
export const MAX_REASON = 1_000;

/** Repository and options of a sweep: those of the last job that may write to the place. */
export interface Sweeper {
  readonly repository: JobRepository;
  readonly options: JobOptions;
}

/** Jobs of one place that are entered by one update, in their order. */
export interface BeginJobs {
  readonly jobs: readonly LedgerJob[];
  /** Unset if all their registrations are readonly. */
  readonly sweeper?: Sweeper;
}

export interface BeginJobResult {
  /** False: an earlier job must end first; the ledger then signals `jobGranted`. */
  readonly granted: boolean;
  /** True: {@link MAX_JOBS} jobs run on the place, so the job was not entered. */
  readonly full?: boolean;
}

export interface EndJob {
  readonly workflowId: string;
  readonly outcome: JobOutcome;
}

/** The jobs of one place, and those of them that wait. */
export interface BookState {
  /** In the order of their requests. */
  readonly running: readonly LedgerJob[];
  /** Workflow ids of waiting jobs. */
  readonly waiting: readonly string[];
  /** Newest last. */
  readonly ended: readonly EndedJob[];
  /** Uuids of snapshots whose jobs ended without reporting it; the sweep rolls back what they wrote. */
  readonly stranded: readonly string[];
}

/** Input of `repositoryWorkflow`, also when it continues as new. */
export interface LedgerState extends BookState {
  /** Uuid of the root. */
  readonly place: string;
  readonly sweeper?: Sweeper;
  /** Whether there may be unreferenced objects to delete. */
  readonly sweepDue: boolean;
  /** Whether the last sweep kept objects that running jobs need. The next sweep is then due when a job ends. */
  readonly sweepLeft: boolean;
  /** Earliest time of the next sweep, ms since the epoch. */
  readonly sweepFrom: number;
  /** Whether `sweepRepositoryWorkflow` runs. */
  readonly sweeping: boolean;
  /** Workflows to signal when the sweep that they requested has ended. */
  readonly sweepWaiters: readonly string[];
  /** Whether no registration leads here any more. The ledger then ends after its last job. */
  readonly retiring: boolean;
  /** Ms between checks that running jobs still run: those that others wait for, and the others. */
  readonly checkMs: { readonly awaited: number; readonly others: number };
}

/** Signature of the workflow that keeps the ledger of a place, for callers that start it. */
export type LedgerWorkflow = (state: LedgerState) => Promise<void>;

/** Returns an empty ledger. A sweep is due, because an earlier ledger may have been terminated before its sweep. */
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
  /** In the order of their requests. */
  readonly running: readonly ShownJob[];
  /** Jobs that ended recently, newest last. */
  readonly ended: readonly EndedJob[];
}

/** Input of a sweep. */
export interface SweepInput extends Sweeper {
  /** Uuids of snapshots whose jobs ended without a roll-back. */
  readonly stranded: readonly string[];
}

/** Result of a sweep. */
export interface SweepOutcome {
  readonly deletedObjects: number;
  readonly deletedBytes: number;
  /** Removed snapshots that running jobs still build on or read; a later sweep deletes their objects. */
  readonly left: number;
}

/** A request to sweep; the requesting workflow is signalled `swept`. */
export interface SweepRequest extends Sweeper {
  readonly workflowId: string;
}
