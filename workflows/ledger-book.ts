/**
 * Keeps the jobs of one place, and decides which of them have to wait. Pure: `repositoryWorkflow` adds signals, time
 * and sweeps.
 */
import { blockersOf } from '../src/contracts/jobs/job-order';
import {
  type BookState,
  type EndedJob,
  type JobKind,
  type JobOutcome,
  type LedgerJob,
  MAX_CLAIMS_OF_PLACE,
  MAX_JOBS,
  MAX_REASON,
  type ShownJob,
  type ShownJobs,
} from '../src/contracts/jobs/ledger';
import { snapshotsInUse } from '../src/contracts/jobs/snapshots-in-use';

/** Kinds of jobs that make a snapshot. */
const MAKING: readonly JobKind[] = ['snapshot', 'clone'];
/** Ended jobs kept for lists and for `_recovery`. */
const ENDED_KEPT = 100;

/** The running, waiting and ended jobs of one place, and the snapshots that lost jobs left unfinished. */
export class LedgerBook {
  constructor(private current: BookState) {}

  get state(): BookState {
    return this.current;
  }

  /** Returns whether the job may enter: a known one always may. */
  hasRoomFor(job: LedgerJob): boolean {
    return this.current.running.length < MAX_JOBS || this.isKnown(job.workflowId);
  }

  /**
   * Enters a job, or changes its entry. A job that begins again (a repeated attempt, another plan) keeps its place in
   * the order. Returns whether it may go on at once.
   */
  begin(asked: LedgerJob): boolean {
    const { running, waiting } = this.current;
    const others = running.filter((other) => other.workflowId !== asked.workflowId);
    const claimed = others.reduce((sum, other) => sum + other.claims.length, 0);
    const job = claimed + asked.claims.length > MAX_CLAIMS_OF_PLACE ? { ...asked, claims: ['*'] } : asked;
    const known = running.findIndex((other) => other.workflowId === job.workflowId);
    const earlier = known < 0 ? running : running.slice(0, known);
    const granted = blockersOf(job, earlier).length === 0;
    const rest = waiting.filter((id) => id !== job.workflowId);
    this.change({
      running: known < 0 ? [...running, job] : running.with(known, job),
      waiting: granted ? rest : [...rest, job.workflowId],
    });
    return granted;
  }

  /** Takes off a job that reported its end. Returns whether the job was known. */
  end(workflowId: string, outcome: JobOutcome, endMillis: number): boolean {
    const job = this.current.running.find((one) => one.workflowId === workflowId);
    if (job === undefined) return false;
    const reason = outcome.reason?.slice(0, MAX_REASON);
    this.drop([workflowId], [{ ...shown(job), state: outcome.state, reason, endMillis }]);
    return true;
  }

  /** Takes off jobs that ended without a report. Snapshots that they were making are stranded then. */
  lose(workflowIds: readonly string[], endMillis: number): void {
    const lost = this.current.running.filter((job) => workflowIds.includes(job.workflowId));
    if (lost.length === 0) return;
    this.drop(
      workflowIds,
      lost.map((job) => ({
        ...shown(job),
        state: 'ABORTED' as const,
        reason: 'the workflow was terminated, or timed out',
        endMillis,
      })),
    );
    const made = lost.flatMap((job) => (MAKING.includes(job.kind) ? (job.snapshotUuid ?? []) : []));
    this.change({ stranded: [...this.current.stranded, ...made] });
  }

  /** Forgets stranded snapshots that a sweep has rolled back. */
  rolledBack(uuids: readonly string[]): void {
    this.change({ stranded: this.current.stranded.filter((uuid) => !uuids.includes(uuid)) });
  }

  /** Removes the jobs whose turn has come from the waiting list, and returns their workflow ids. */
  grantable(): string[] {
    const { running, waiting } = this.current;
    const free = waiting.filter((id) => {
      const at = running.findIndex((one) => one.workflowId === id);
      const job = running[at];
      return job !== undefined && blockersOf(job, running.slice(0, at)).length === 0;
    });
    if (free.length > 0) this.change({ waiting: waiting.filter((id) => !free.includes(id)) });
    return free;
  }

  /** Returns the running jobs that do not wait. */
  working(): LedgerJob[] {
    return this.current.running.filter((job) => !this.current.waiting.includes(job.workflowId));
  }

  /**
   * Returns the snapshots that running jobs build on or read; undefined while that is not known of one of the jobs.
   * Waiting jobs do not count: they have not read the catalogue yet.
   */
  inUse(): string[] | undefined {
    const uuids = snapshotsInUse(this.working());
    return uuids && [...uuids];
  }

  /** Returns what lists show. Claims and reads are left out, because a memo could not hold them all. */
  shown(): ShownJobs {
    return { running: this.current.running.map(shown), ended: this.current.ended };
  }

  private isKnown(workflowId: string): boolean {
    return this.current.running.some((job) => job.workflowId === workflowId);
  }

  private drop(workflowIds: readonly string[], ended: readonly EndedJob[]): void {
    this.change({
      running: this.current.running.filter((job) => !workflowIds.includes(job.workflowId)),
      waiting: this.current.waiting.filter((id) => !workflowIds.includes(id)),
      ended: [...this.current.ended, ...ended].slice(-ENDED_KEPT),
    });
  }

  private change(change: Partial<BookState>): void {
    this.current = { ...this.current, ...change };
  }
}

function shown({ workflowId, kind, repository, snapshot, snapshotUuid, startMillis }: LedgerJob): ShownJob {
  return { workflowId, kind, repository, snapshot, snapshotUuid, startMillis };
}
