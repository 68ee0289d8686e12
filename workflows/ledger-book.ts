/** The jobs of one place, and who has to wait for whom. Pure; `repositoryWorkflow` adds signals, time and sweeps. */
import { blockersOf } from '../src/contracts/jobs/job-order';
import {
  type BookState,
  type EndedJob,
  type JobOutcome,
  type LedgerJob,
  MAX_CLAIMS_OF_PLACE,
  MAX_JOBS,
  MAX_REASON,
  type ShownJob,
  type ShownJobs,
} from '../src/contracts/jobs/ledger';
import { snapshotsInUse } from '../src/contracts/jobs/snapshots-in-use';

/** Ended jobs kept for lists and for `_recovery`. */
const ENDED_KEPT = 100;

export class LedgerBook {
  constructor(private current: BookState) {}

  get state(): BookState {
    return this.current;
  }

  /** Whether one more job may enter. */
  hasRoomFor(job: LedgerJob): boolean {
    return this.current.running.length < MAX_JOBS || this.isKnown(job.workflowId);
  }

  /**
   * Enters a job, or changes its entry: a job that begins again (a repeated attempt, another plan) keeps its place in the
   * order. Returns whether it may go on at once.
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

  /** Takes a job off that said how it ended. Returns whether it was known. */
  end(workflowId: string, outcome: JobOutcome, endMillis: number): boolean {
    const job = this.current.running.find((one) => one.workflowId === workflowId);
    if (job === undefined) return false;
    const reason = outcome.reason?.slice(0, MAX_REASON);
    this.drop([workflowId], [{ ...shown(job), state: outcome.state, reason, endMillis }]);
    return true;
  }

  /** Takes jobs off that ended without a word; the snapshots they were making are stranded. */
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
    const made = lost.flatMap((job) => (job.kind === 'snapshot' ? (job.snapshotUuid ?? []) : []));
    this.change({ stranded: [...this.current.stranded, ...made] });
  }

  /** Forgets stranded snapshots that a sweep has rolled back. */
  rolledBack(uuids: readonly string[]): void {
    this.change({ stranded: this.current.stranded.filter((uuid) => !uuids.includes(uuid)) });
  }

  /** Takes those off the waiting list whose turn has come, and returns them. */
  grantable(): string[] {
    const { running, waiting } = this.current;
    const free = waiting.filter((id) => {
      const at = running.findIndex((job) => job.workflowId === id);
      return at >= 0 && blockersOf(running[at], running.slice(0, at)).length === 0;
    });
    if (free.length > 0) this.change({ waiting: waiting.filter((id) => !free.includes(id)) });
    return free;
  }

  /** Running jobs that do not wait. */
  working(): LedgerJob[] {
    return this.current.running.filter((job) => !this.current.waiting.includes(job.workflowId));
  }

  /**
   * The snapshots that running jobs build on or read; undefined while it is not known of one of them. Jobs that wait
   * have not looked at the catalogue yet.
   */
  inUse(): string[] | undefined {
    const uuids = snapshotsInUse(this.working());
    return uuids && [...uuids];
  }

  /** What lists show. Claims and reads are of no use to them, and have no bound that a memo keeps. */
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
