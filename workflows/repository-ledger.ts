import {
  allHandlersFinished,
  condition,
  getExternalWorkflowHandle,
  log,
  makeContinueAsNewFunc,
  ParentClosePolicy,
  setCurrentDetails,
  setHandler,
  sleep,
  startChild,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import { type BeginJobResult, LEDGER_MEMO, type LedgerState, type Sweeper } from '../src/contracts/jobs/ledger';
import {
  beginJobsUpdate,
  endJobSignal,
  jobGrantedSignal,
  markEndedSignal,
  markGrantedSignal,
  markWantedSignal,
  requestSweepSignal,
  retireSignal,
  sweepEndedSignal,
  sweptSignal,
} from '../src/contracts/jobs/workflow-messages';
import { workflowIds } from '../src/contracts/workflow-ids';
import { LedgerBook } from './ledger-book';
import { controlActivities } from './profiles';
import { sweepRepositoryWorkflow } from './sweep-repository';

/** Updates after which the execution continues as new; Temporal ends one at 2,000. */
const UPDATES_PER_RUN = 1000;
/** Bounds one check for ended jobs; a check that fails is repeated after the next interval. */
const CHECK_BOUNDS = { retryWindowMs: 60_000 };
/** A sweep reports before it ends: the start of the next one is repeated after this pause, ms, so many times. */
const SWEEP_ENDS_MS = 250;
const SWEEP_STARTS = 8;
/** Pause before the sweep after a failed one, ms. */
const SWEEP_AGAIN_MS = 10 * 60_000;

/**
 * Keeps the ledger of one place in use: the jobs that work on it, which of them wait, and the sweeps that delete what
 * removed snapshots leave behind. It holds no lock that a crash could leave: while jobs wait, it checks at intervals
 * whether the jobs that they wait for still run.
 *
 * Ends when it was asked to retire and nothing is left to do; until then it continues as new. Nobody cancels it. If it
 * is terminated, the next job of the place starts a new ledger, which does not know the jobs that still run.
 */
export async function repositoryWorkflow(state: LedgerState): Promise<void> {
  const ledger = new Ledger(state);
  await ledger.run();
}

class Ledger {
  private readonly book: LedgerBook;
  private readonly place: string;
  private sweeper: Sweeper | undefined;
  private sweepDue: boolean;
  private sweepLeft: boolean;
  private sweepFrom: number;
  private sweeping: boolean;
  /** Jobs that asked for a sweep before the running one began; `sweepWaiters` asked since. */
  private served: readonly string[] = [];
  private sweepWaiters: readonly string[];
  private retiring: boolean;
  private readonly checkMs: LedgerState['checkMs'];
  private updates = 0;
  private sweepStarts = 0;
  private changed = false;
  /** The sweep has asked to mark; the sweep marks. */
  private mark: 'none' | 'wanted' | 'granted' = 'none';

  constructor(state: LedgerState) {
    const { running, waiting, ended, stranded } = state;
    this.book = new LedgerBook({ running, waiting, ended, stranded });
    this.place = state.place;
    this.sweeper = state.sweeper;
    this.sweepDue = state.sweepDue;
    this.sweepLeft = state.sweepLeft;
    this.sweepFrom = state.sweepFrom ?? 0;
    this.sweeping = state.sweeping;
    this.sweepWaiters = state.sweepWaiters;
    this.retiring = state.retiring;
    this.checkMs = state.checkMs;
    this.listen();
  }

  async run(): Promise<void> {
    for (;;) {
      setCurrentDetails(this.details());
      const isAwaited = this.book.state.waiting.length > 0 || this.sweeping || this.mark !== 'none';
      const woken = await condition(() => this.hasWork(), isAwaited ? this.checkMs.awaited : this.checkMs.others);
      this.changed = false;
      if (!woken) await this.check();
      await this.grant();
      await this.serveMark();
      await this.startSweep();
      if (this.mustRenew()) {
        await condition(allHandlersFinished);
        // The memo must be complete before the first task of the next run.
        const renew = makeContinueAsNewFunc<typeof repositoryWorkflow>({ memo: { [LEDGER_MEMO]: this.book.shown() } });
        await renew(this.state());
      }
      if (this.isIdle() && this.retiring && !this.changed) {
        await condition(allHandlersFinished);
        if (this.isIdle() && !this.changed) return;
      }
      // Idle: no timer is needed until a job or a signal comes.
      if (this.isIdle()) await condition(() => this.changed || this.mustRenew());
    }
  }

  private listen(): void {
    setHandler(beginJobsUpdate, async ({ jobs, sweeper }): Promise<BeginJobResult[]> => {
      this.updates++;
      // A job that read the catalogue now might build on what the sweep is about to mark.
      await condition(() => this.mark !== 'granted');
      if (sweeper !== undefined) this.sweeper = sweeper;
      this.retiring = false;
      const results = jobs.map((job) =>
        this.book.hasRoomFor(job) ? { granted: this.book.begin(job) } : { granted: false, full: true },
      );
      this.publish();
      return results;
    });
    setHandler(endJobSignal, ({ workflowId, outcome }) => {
      if (!this.book.end(workflowId, outcome, Date.now())) return;
      if (this.sweepLeft) this.sweepDue = true;
      this.publish();
    });
    setHandler(requestSweepSignal, async ({ workflowId, ...sweeper }) => {
      this.sweeper = sweeper;
      this.sweepDue = true;
      this.sweepFrom = 0;
      this.changed = true;
      if (this.book.working().length === 0) this.sweepWaiters = [...this.sweepWaiters, workflowId];
      // Running jobs may use what was removed for long: the deleting job need not wait for them.
      else await report(workflowId, false);
    });
    setHandler(markWantedSignal, () => {
      this.mark = 'wanted';
      this.changed = true;
    });
    setHandler(markEndedSignal, () => {
      this.mark = 'none';
      this.changed = true;
    });
    setHandler(sweepEndedSignal, async ({ left, rolledBack, failed }) => {
      this.sweeping = false;
      this.mark = 'none';
      this.book.rolledBack(rolledBack);
      if (failed) this.sweepFrom = Date.now() + SWEEP_AGAIN_MS;
      this.sweepLeft = left > 0;
      // The rest is used by a running job, or was removed since the sweep marked.
      if (failed || (left > 0 && this.book.working().length === 0)) this.sweepDue = true;
      this.changed = true;
      const { served } = this;
      this.served = [];
      for (const workflowId of served) await report(workflowId, !failed && left === 0);
    });
    setHandler(retireSignal, () => {
      this.retiring = true;
      this.changed = true;
    });
  }

  private hasWork(): boolean {
    return this.changed || this.mustRenew();
  }

  private mustRenew(): boolean {
    return (
      this.mark === 'none' &&
      this.served.length === 0 &&
      (this.updates >= UPDATES_PER_RUN || workflowInfo().continueAsNewSuggested)
    );
  }

  private isIdle(): boolean {
    // Without a job that may write to the place, the sweep waits for the first one that may.
    const sweepsNext = this.sweepDue && this.sweeper !== undefined;
    return this.book.state.running.length === 0 && !this.sweeping && !sweepsNext;
  }

  /** Finds jobs and sweeps that ended without a report. */
  private async check(): Promise<void> {
    const suspects = this.book.working().map((job) => job.workflowId);
    if (this.sweeping) suspects.push(workflowIds.sweep(this.place));
    if (suspects.length === 0) return;
    let ended: readonly string[];
    try {
      ended = await controlActivities(CHECK_BOUNDS, 'look for jobs that ended unseen').findEndedJobs({
        workflowIds: suspects,
      });
    } catch {
      return;
    }
    if (ended.includes(workflowIds.sweep(this.place))) {
      this.sweeping = false;
      this.mark = 'none';
      this.sweepDue = true;
      this.sweepWaiters = [...this.served, ...this.sweepWaiters];
      this.served = [];
    }
    const lost = ended.filter((id) => this.book.state.running.some((job) => job.workflowId === id));
    if (lost.length === 0) return;
    log.warn('jobs ended without a word', { jobs: lost });
    this.book.lose(lost, Date.now());
    this.sweepDue = true;
    this.publish();
  }

  private async grant(): Promise<void> {
    for (const id of this.book.grantable()) {
      try {
        await getExternalWorkflowHandle(id).signal(jobGrantedSignal);
      } catch {
        // The job ended without a report: no other job may wait for it.
        this.book.lose([id], Date.now());
        this.publish();
      }
    }
  }

  /** Lets the sweep mark, once every running job has reported what it builds on. */
  private async serveMark(): Promise<void> {
    const inUse = this.book.inUse();
    if (this.mark !== 'wanted' || inUse === undefined) return;
    this.mark = 'granted';
    try {
      await getExternalWorkflowHandle(workflowIds.sweep(this.place)).signal(markGrantedSignal, { inUse });
    } catch {
      this.mark = 'none';
    }
  }

  private async startSweep(): Promise<void> {
    if (!this.sweepDue || this.sweeping || this.sweeper === undefined || Date.now() < this.sweepFrom) return;
    this.sweepDue = false;
    this.sweepLeft = false;
    this.sweeping = true;
    this.served = this.sweepWaiters;
    this.sweepWaiters = [];
    try {
      await startChild(sweepRepositoryWorkflow, {
        workflowId: workflowIds.sweep(this.place),
        args: [{ ...this.sweeper, stranded: this.book.state.stranded }],
        // The sweep goes on while this workflow continues as new, and reports to the workflow id.
        parentClosePolicy: ParentClosePolicy.ABANDON,
        staticSummary: `sweep what deleted snapshots of ${this.sweeper.repository.name} leave behind`,
      });
      this.sweepStarts = 0;
    } catch (error) {
      // The last sweep has reported and is about to end, or one that an earlier ledger started still runs.
      this.sweeping = false;
      this.sweepDue = true;
      this.sweepWaiters = this.served;
      this.served = [];
      if (++this.sweepStarts > SWEEP_STARTS) {
        log.warn('a sweep could not be started', { reason: (error as Error).message });
        this.sweepFrom = Date.now() + this.checkMs.awaited;
      } else {
        await sleep(SWEEP_ENDS_MS);
        this.changed = true;
      }
    }
  }

  /** Shows the jobs in the memo, in the workflow task of the change: a caller that was answered finds its job there. */
  private publish(): void {
    this.changed = true;
    upsertMemo({ [LEDGER_MEMO]: this.book.shown() });
  }

  private state(): LedgerState {
    return {
      ...this.book.state,
      place: this.place,
      sweeper: this.sweeper,
      sweepDue: this.sweepDue,
      sweepLeft: this.sweepLeft,
      sweepFrom: this.sweepFrom,
      sweeping: this.sweeping,
      sweepWaiters: this.sweepWaiters,
      retiring: this.retiring,
      checkMs: this.checkMs,
    };
  }

  private details(): string {
    const { running, waiting } = this.book.state;
    const rows = running
      .slice(0, 50)
      .map(
        (job) =>
          `| ${job.kind} | ${job.repository}/${job.snapshot} | ${waiting.includes(job.workflowId) ? 'waiting' : 'running'} |`,
      );
    const sweep = this.sweeping ? '; a sweep runs' : '';
    return `${running.length} jobs${sweep}\n\n| job | snapshot | |\n| --- | --- | --- |\n${rows.join('\n')}`;
  }
}

/** Reports to a job that asked for a sweep whether the sweep is over. A job that has ended needs no report. */
async function report(workflowId: string, swept: boolean): Promise<void> {
  await getExternalWorkflowHandle(workflowId)
    .signal(sweptSignal, { swept })
    .catch(() => undefined);
}
