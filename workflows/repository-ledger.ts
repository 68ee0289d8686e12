/**
 * One per place in use: the ledger of the jobs that work on it, who has to wait for whom, and who sweeps what deleted
 * snapshots leave behind. It holds no lock that a crash could leave: while somebody waits, it asks now and then whether
 * those waited for still run.
 */
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
/** A check that can't be made is made again after the next interval. */
const CHECK_BOUNDS = { retryWindowMs: 60_000 };
/** A sweep reports before it ends; the next one is started this much later, a few times. */
const SWEEP_ENDS_MS = 250;
const SWEEP_STARTS = 8;
/** How long a sweep that failed is left alone. */
const SWEEP_AGAIN_MS = 10 * 60_000;

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
  /** Those who asked before the running sweep began, and those who asked since. */
  private served: readonly string[] = [];
  private sweepWaiters: readonly string[];
  private retiring: boolean;
  private readonly checkMs: LedgerState['checkMs'];
  private updates = 0;
  private sweepStarts = 0;
  private changed = false;
  /** The sweep wants to mark; then it marks. */
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
        // What the memo shows has to be there before the first task of the next run.
        const renew = makeContinueAsNewFunc<typeof repositoryWorkflow>({ memo: { [LEDGER_MEMO]: this.book.shown() } });
        await renew(this.state());
      }
      if (this.isIdle() && this.retiring && !this.changed) {
        await condition(allHandlersFinished);
        if (this.isIdle() && !this.changed) return;
      }
      // Nothing to look after: no timer is needed until somebody comes.
      if (this.isIdle()) await condition(() => this.changed || this.mustRenew());
    }
  }

  private listen(): void {
    setHandler(beginJobsUpdate, async ({ jobs, sweeper }): Promise<BeginJobResult[]> => {
      this.updates++;
      // A job that looked at the catalogue now might build on what the sweep is about to mark.
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
      // Others may hold what was removed for long; who deleted it need not wait for them.
      else await tell(workflowId, false);
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
      // What is left is needed by a running job, or was removed since the sweep marked.
      if (failed || (left > 0 && this.book.working().length === 0)) this.sweepDue = true;
      this.changed = true;
      const { served } = this;
      this.served = [];
      for (const workflowId of served) await tell(workflowId, !failed && left === 0);
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
    // Without anybody who may write there, a sweep waits for the first who may.
    const sweepsNext = this.sweepDue && this.sweeper !== undefined;
    return this.book.state.running.length === 0 && !this.sweeping && !sweepsNext;
  }

  /** Looks for jobs and sweeps that ended without a word. */
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
        // It ended without a word; nobody may wait for it.
        this.book.lose([id], Date.now());
        this.publish();
      }
    }
  }

  /** Lets the sweep mark once it is known of every running job what it builds on. */
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
        // It goes on while this workflow continues as new, and reports by the workflow's id.
        parentClosePolicy: ParentClosePolicy.ABANDON,
        staticSummary: `sweep what deleted snapshots of ${this.sweeper.repository.name} leave behind`,
      });
      this.sweepStarts = 0;
    } catch (error) {
      // The former one has reported and is about to end; or one that an earlier ledger started still runs.
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

  /** In the same workflow task as the change: who was told of a job finds it in the memo. */
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

/** Tells who asked for a sweep whether it is over; who has ended meanwhile need not know. */
async function tell(workflowId: string, swept: boolean): Promise<void> {
  await getExternalWorkflowHandle(workflowId)
    .signal(sweptSignal, { swept })
    .catch(() => undefined);
}
