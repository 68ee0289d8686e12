import {
  ChildWorkflowCancellationType,
  executeChild,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  ParentClosePolicy,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import { type Bounded, bounded, boundedSum } from '../src/contracts/jobs/bounded';
import { type JobOutcome } from '../src/contracts/jobs/ledger';
import { type IndexRecovery, MAX_STATUS_SHARDS, type RestoreStatus } from '../src/contracts/jobs/recovery';
import {
  type BeginRestoreResult,
  type LeftOut,
  type RestoreGroup,
  type RestoreGroupInput,
  type RestoreGroupResult,
  type RestoreOutcome,
  type RestoreSnapshotInput,
  type RestoreSummary,
} from '../src/contracts/jobs/restore';
import { cancelIndexRestoreSignal, restoreStatusQuery } from '../src/contracts/jobs/workflow-messages';
import { type ObjectRef } from '../src/contracts/stored';
import { workflowIds } from '../src/contracts/workflow-ids';
import { inWindow } from './in-window';
import { allFailed, IndexRestores } from './index-restores';
import { type JobAcceptance } from './job-acceptance';
import { reasonOf } from './job-failures';
import { runJob, showState } from './job-shell';
import { controlActivities } from './profiles';
import { restoreGroupWorkflow } from './restore-group';

const GROUPS_AT_ONCE = 4;
/** The summary of a restore without indices. */
const NOTHING: RestoreSummary = {
  indices: { done: 0, failed: 0 },
  shards: { total: 0, failed: 0 },
  documents: 0,
  restored: [],
  failures: bounded([]),
  leftOut: bounded([]),
};
/** Characters of index names that an outcome holds at most: payloads are bounded. */
const MAX_NAMES_LENGTH = 1_000_000;

/**
 * Restores indices of a snapshot: itself when there is little to do, in child workflows otherwise. The caller is
 * answered when the restore is planned and nothing speaks against it.
 *
 * Ends when each index is restored whole, with the number of documents that the snapshot holds and each object checked
 * by its hash, or is deleted again with the reason in the outcome. A crash of any process is a pause. Cancelled, it
 * deletes what unfinished indices had written; finished ones stay. `cancelIndexRestore` stops one index alone. Throws
 * the failure of a step that concerns the whole restore, under its code.
 */
export async function restoreSnapshotWorkflow(input: RestoreSnapshotInput): Promise<RestoreOutcome> {
  const job = new RestoreJob(input);
  setHandler(restoreStatusQuery, (from) => job.status(from));
  setHandler(cancelIndexRestoreSignal, async ({ index }) => {
    await job.stop(index);
  });
  return runJob({
    run: (acceptance) => job.run(acceptance),
    giveUp: async (error) => {
      await job.giveUp(error);
      return undefined;
    },
  });
}

/** A child workflow that restores a group of indices. */
interface GroupSlot {
  readonly workflowId: string;
  readonly group: RestoreGroup;
  summary?: RestoreSummary;
}

class RestoreJob {
  private state: RestoreStatus['state'] = 'STARTED';
  private failure: string | undefined;
  private begun: BeginRestoreResult | undefined;
  private inline: IndexRestores | undefined;
  private groups: GroupSlot[] = [];
  /** Indices of the groups that have ended. Only appended to, so that the pages of the status stay the same. */
  private readonly ended: IndexRecovery[] = [];
  /** All indices that were stopped: a group that begins later may hold one of them. */
  private readonly stopped: string[] = [];
  /** Whether there may be data streams that wait for their indices. */
  private streamsPrepared = false;
  /** What was left out of the global state, and data streams that were not restored. */
  private readonly otherLeftOut: Bounded<LeftOut>[] = [];

  constructor(private readonly input: RestoreSnapshotInput) {
    log.info('restore started', this.names());
  }

  async run(acceptance: JobAcceptance): Promise<RestoreOutcome> {
    const { repository, snapshot, id, request, startMillis, options } = this.input;
    const begun = await controlActivities(options, 'plan').beginRestore({
      repository,
      options,
      snapshot,
      id,
      request,
      startMillis,
    });
    this.begun = begun;
    const { indices: _1, ignoreUnavailable: _2, includeGlobalState: _3, ...ofEachIndex } = request;
    const common = { repository, snapshot, id, manifest: begun.manifest, request: ofEachIndex, options };
    if (begun.indices !== undefined) {
      this.inline = new IndexRestores({ ...common, indices: begun.indices });
      acceptance.accept();
      this.describe();
      await this.restoreState(false);
      await this.prepareStreams();
      await this.inline.run();
    } else {
      this.groups = begun.groups.map((one, i) => ({
        workflowId: workflowIds.restoreGroup(repository.name, snapshot, id, i),
        group: one,
      }));
      acceptance.accept();
      this.describe();
      await this.restoreState(false);
      await this.prepareStreams();
      await inWindow(this.groups, GROUPS_AT_ONCE, async (slot) => {
        const { summary, recoveries } = await this.runGroup(slot, common);
        slot.summary = summary;
        this.ended.push(...recoveries);
        this.describe();
      });
    }
    await this.attachStreams();
    await this.restoreState(true);
    const outcome = outcomeOf(this.summaries());
    await this.leaveLedger({ state: outcome.state, reason: outcome.failures.first[0]?.reason });
    this.end(outcome.state);
    return outcome;
  }

  /** Stops one index, here or in the child that restores it. */
  async stop(index: string): Promise<void> {
    this.inline?.stop(index);
    this.stopped.push(index);
    // Only the children know which of them restores the index; the others ignore the signal.
    const running = this.groups.filter((slot) => slot.summary === undefined);
    for (const { workflowId } of running) {
      try {
        await getExternalWorkflowHandle(workflowId).signal(cancelIndexRestoreSignal, { index });
      } catch {
        // The child has not begun, or has ended since.
      }
    }
  }

  /** Takes a job that failed or was cancelled off the ledger. Its unfinished indices are deleted already. */
  async giveUp(error: unknown): Promise<void> {
    const state = isCancellation(error) ? 'ABORTED' : 'FAILED';
    const reason = reasonOf(error);
    this.failure = state === 'ABORTED' ? undefined : reason;
    log.warn('restore gives up', { ...this.names(), state, reason });
    // Finished indices stay, so they go into their streams.
    await this.attachStreams();
    await this.leaveLedger({ state, reason });
    this.end(state);
  }

  /** Returns the state with the indices from `from` on: as many as one payload may hold. */
  status(from = 0): RestoreStatus {
    const { indices, next } = this.page(from);
    const { restored: _, ...summary } = sumOf(this.summaries());
    return {
      repository: this.input.repository.name,
      snapshot: this.input.snapshot,
      snapshotUuid: this.begun?.snapshotUuid ?? '',
      version: this.begun?.version ?? '',
      state: this.state,
      startMillis: this.input.startMillis,
      totals: this.begun?.totals,
      summary,
      failure: this.failure,
      indices,
      next,
      groups: this.groups.filter((slot) => slot.summary === undefined).map((slot) => slot.workflowId),
    };
  }

  /**
   * Restores a group in a child workflow. If the child fails as a whole, its indices have failed, and the others go
   * on.
   */
  private async runGroup(
    { workflowId, group }: GroupSlot,
    common: Omit<RestoreGroupInput, 'group' | 'stopped'>,
  ): Promise<RestoreGroupResult> {
    try {
      return await executeChild(restoreGroupWorkflow, {
        workflowId,
        args: [{ ...common, group, stopped: this.stopped }],
        cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        staticSummary: `restore ${group.label}`.slice(0, 200),
      });
    } catch (error) {
      if (isCancellation(error)) throw error;
      const labels = group.ordinals.map((ordinal) => `index ${ordinal} of the snapshot`);
      return { summary: allFailed(error, labels, group.ordinals.length), recoveries: [] };
    }
  }

  /** Restores the global state, if that is asked for: first all but the settings, at the end the settings. */
  private async restoreState(settings: boolean): Promise<void> {
    const { repository, options } = this.input;
    const globalState = this.begun?.globalState;
    if (globalState === undefined) return;
    const summary = settings ? 'restore cluster settings' : 'restore global state';
    this.otherLeftOut.push(
      await controlActivities(options, summary).restoreGlobalState({ repository, globalState, settings }),
    );
  }

  /** Makes the data streams of the restore, if there are any, before the indices that they will hold. */
  private async prepareStreams(): Promise<void> {
    if (this.begun?.dataStreams === undefined) return;
    this.streamsPrepared = true;
    const { prepareDataStreams } = controlActivities(this.input.options, 'make data streams');
    this.otherLeftOut.push(await prepareDataStreams(this.ofStreams(this.begun.manifest)));
  }

  private async attachStreams(): Promise<void> {
    if (this.begun === undefined || !this.streamsPrepared) return;
    const { attachDataStreams } = controlActivities(this.input.options, 'attach data streams');
    this.otherLeftOut.push(await attachDataStreams(this.ofStreams(this.begun.manifest)));
  }

  private ofStreams(manifest: ObjectRef) {
    const { repository, snapshot, id, request } = this.input;
    return { repository, snapshot, id, manifest, request };
  }

  private page(from: number): { indices: IndexRecovery[]; next?: number } {
    const all = this.inline?.recoveries ?? this.ended;
    const indices: IndexRecovery[] = [];
    let shards = 0;
    for (const recovery of all.slice(from)) {
      if (shards >= MAX_STATUS_SHARDS) break;
      shards += recovery.shards.length;
      indices.push(recovery);
    }
    const next = from + indices.length;
    return { indices, next: next < all.length ? next : undefined };
  }

  private summaries(): RestoreSummary[] {
    const inline = this.inline === undefined ? [] : [this.inline.summary()];
    const state = this.otherLeftOut.map((leftOut) => ({ ...NOTHING, leftOut }));
    return [...state, ...inline, ...this.groups.flatMap((slot) => slot.summary ?? [])];
  }

  /** Returns the fields of every log line. */
  private names() {
    const { repository, snapshot, id } = this.input;
    return { repository: repository.name, snapshot, restore: id };
  }

  private async leaveLedger(outcome: JobOutcome): Promise<void> {
    const { repository, options } = this.input;
    await controlActivities(options, 'end').endRestore({ repository, outcome });
  }

  private end(state: RestoreStatus['state']): void {
    const { indices, documents, failures, leftOut } = sumOf(this.summaries());
    const counts = { failures: failures.first, failureCount: failures.total, leftOut: leftOut.first };
    log.info('restore ended', { ...this.names(), state, indices, documents, ...counts });
    this.state = state;
    this.describe();
    showState(this.input.options, state);
  }

  private describe(): void {
    const { indices = 0, documents = 0 } = this.begun?.totals ?? {};
    const rows = (this.begun?.indices ?? []).map((one) => `| ${one.source} | ${one.target} | ${one.documents} |`);
    const table =
      rows.length === 0 ? '' : `\n\n| index | restored as | documents |\n| --- | --- | --- |\n${rows.join('\n')}`;
    const { indices: ended, failures } = sumOf(this.summaries());
    const failed = failures.first.slice(0, 10).map(({ index, reason }) => `\n- ${index}: ${reason}`);
    setCurrentDetails(
      `**${this.input.repository.name}/${this.input.snapshot}**: ${this.state}, ${ended.done} of ${indices} indices, ${documents} documents in all` +
        `${table}${failed.length === 0 ? '' : `\n\nFailed:${failed.join('')}`}`,
    );
  }
}

function sumOf(summaries: readonly RestoreSummary[]): RestoreSummary {
  const sum = (count: (one: RestoreSummary) => number): number => summaries.reduce((all, one) => all + count(one), 0);
  return {
    indices: { done: sum((one) => one.indices.done), failed: sum((one) => one.indices.failed) },
    shards: { total: sum((one) => one.shards.total), failed: sum((one) => one.shards.failed) },
    documents: sum((one) => one.documents),
    restored: summaries.flatMap((one) => one.restored),
    failures: boundedSum(summaries.map((one) => one.failures)),
    leftOut: boundedSum(summaries.map((one) => one.leftOut)),
  };
}

function outcomeOf(summaries: readonly RestoreSummary[]): RestoreOutcome {
  const { indices, shards, documents, restored, failures, leftOut } = sumOf(summaries);
  let length = 0;
  return {
    state: indices.failed === 0 ? 'SUCCESS' : indices.done === 0 ? 'FAILED' : 'PARTIAL',
    indices: restored.filter((name) => (length += name.length + 3) <= MAX_NAMES_LENGTH),
    indexCount: indices.done,
    shards,
    failures,
    leftOut,
    documents,
  };
}
