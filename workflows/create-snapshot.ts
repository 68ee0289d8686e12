import {
  CancellationScope,
  ChildWorkflowCancellationType,
  condition,
  executeChild,
  isCancellation,
  log,
  ParentClosePolicy,
  setCurrentDetails,
  setHandler,
  upsertMemo,
} from '@temporalio/workflow';
import {
  type CopiedGroup,
  type CopyGroupInput,
  type GroupResult,
  type OpenedViews,
  type ShardGroup,
  type ShardProgress,
} from '../src/contracts/jobs/copy';
import { plansAgain } from '../src/contracts/jobs/plan-again';
import {
  type BeginSnapshotResult,
  type CreateSnapshotInput,
  type ShownSnapshot,
  SNAPSHOT_MEMO,
  type SnapshotOutcome,
  type SnapshotStatus,
} from '../src/contracts/jobs/snapshot';
import { cancelSnapshotSignal, jobGrantedSignal, snapshotStatusQuery } from '../src/contracts/jobs/workflow-messages';
import { type ObjectRef } from '../src/contracts/stored';
import { workflowIds } from '../src/contracts/workflow-ids';
import { copyShardGroupWorkflow } from './copy-shard-group';
import { inWindow } from './in-window';
import { type JobAcceptance } from './job-acceptance';
import { codeOf, isUntouched, reasonOf } from './job-failures';
import { runJob, showState } from './job-shell';
import { controlActivities, dataActivities } from './profiles';

/** Groups of one snapshot that are copied, or settled, concurrently. */
const GROUPS_AT_ONCE = 8;

/**
 * Creates a snapshot: plans what has to be copied, copies what is sealed in groups, opens views of all changed shards
 * together, settles the shards in them, commits. If another installation committed a snapshot of the same indices
 * since, it plans again on top of that. The caller is answered when the snapshot is planned, queued or committed.
 *
 * Ends when the snapshot is in the catalogue, whole or not at all. A crash of any process is a pause. Cancelled (also
 * by `cancelSnapshot`), it leaves neither an object in the bucket nor a view in the cluster. If it fails after it was
 * accepted, the snapshot stands in the catalogue as FAILED, without data and with the reason; if it fails earlier, it
 * throws the failure of the step under its code.
 */
export async function createSnapshotWorkflow(input: CreateSnapshotInput): Promise<SnapshotOutcome> {
  const job = new SnapshotJob(input);
  const work = new CancellationScope();
  setHandler(snapshotStatusQuery, () => job.status());
  setHandler(jobGrantedSignal, () => {
    job.granted = true;
  });
  setHandler(cancelSnapshotSignal, () => {
    work.cancel();
  });
  return runJob({
    run: async (acceptance) => {
      const outcome = await work.run(() => job.run(acceptance));
      job.end(outcome.state);
      return outcome;
    },
    giveUp: (error, isAccepted) => job.giveUp(error, isAccepted),
  });
}

type Planned = Extract<BeginSnapshotResult, { kind: 'planned' }>;

/** A child workflow that copies what is sealed of a group of shards. */
interface CopySlot {
  readonly workflowId: string;
  readonly group: ShardGroup;
  done: boolean;
}

/** A group whose shards are being settled, or are settled. */
interface SettleSlot {
  readonly group: ShardGroup;
  done: boolean;
  failed: number;
}

/** What the changed shards of a plan came to. */
interface Copied {
  readonly plan: ObjectRef;
  readonly results: readonly GroupResult[];
  readonly unchangedMillis: number;
}

class SnapshotJob {
  granted = false;
  private state: SnapshotStatus['state'] = 'INIT';
  /** Never becomes false again: an attempt that outlived its time can commit long after it was given up. */
  private mayHaveCommitted = false;
  private begun: Planned | undefined;
  /** Shards that this workflow itself copies. */
  private inline: ShardProgress[] = [];
  private groups: CopySlot[] = [];
  private settling: SettleSlot[] = [];
  /** Lists of the views that are open. */
  private views: ObjectRef[] = [];

  constructor(private readonly input: CreateSnapshotInput) {
    log.info('snapshot started', this.names());
    this.describe('finding out what has changed');
  }

  async run(acceptance: JobAcceptance): Promise<SnapshotOutcome> {
    for (let plans = 1; ; plans++) {
      try {
        return await this.attempt(acceptance);
      } catch (error) {
        if (!plansAgain(codeOf(error), plans)) throw error;
        // The next plan starts from the newest snapshot. What only this one wrote is deleted after the commit.
        log.warn('snapshot plans again', { ...this.names(), plans, reason: reasonOf(error) });
        this.state = 'INIT';
        this.publish();
      }
    }
  }

  /**
   * Ends a job that failed or was cancelled. A snapshot that was accepted and failed is committed as FAILED, so that
   * its caller finds the reason; returns the outcome of that. Everything else is rolled back.
   */
  async giveUp(error: unknown, accepted: boolean): Promise<SnapshotOutcome | undefined> {
    const state = isCancellation(error) ? 'ABORTED' : 'FAILED';
    const reason = reasonOf(error);
    log.warn('snapshot gives up', { ...this.names(), state, reason });
    if (state === 'FAILED' && accepted) {
      this.describe('keeping the reason');
      const { startMillis, request } = this.input;
      try {
        const outcome = await controlActivities(this.input.options, 'keep the reason').failSnapshot({
          ...this.identity(),
          ...this.abandoned(),
          startMillis,
          request,
          reason,
        });
        this.end(outcome.state);
        return outcome;
      } catch (failure) {
        log.warn('reason of a failed snapshot could not be kept', { ...this.names(), reason: reasonOf(failure) });
      }
    }
    await this.rollBack(error, state, reason);
    this.end(state);
    return undefined;
  }

  end(state: SnapshotStatus['state']): void {
    this.state = state;
    log.info('snapshot ended', { ...this.names(), state });
    this.publish();
    this.describe('ended');
    showState(this.input.options, state);
  }

  status(): SnapshotStatus {
    return {
      repository: this.input.repository.name,
      snapshot: this.input.snapshot,
      uuid: this.input.uuid,
      state: this.state,
      startMillis: this.input.startMillis,
      request: this.input.request,
      plan: this.begun?.plan,
      counts: this.begun?.counts,
      shards: this.inline,
      settling: this.settling,
      groups: this.groups,
    };
  }

  private async attempt(acceptance: JobAcceptance): Promise<SnapshotOutcome> {
    const begun = await this.begin(acceptance);
    acceptance.accept();
    if (begun.kind === 'committed') return begun.outcome;
    this.begun = begun;
    this.state = 'STARTED';
    this.publish();
    log.info('snapshot planned', { ...this.names(), ...begun.counts });
    const copied = await this.copy(begun);
    this.state = 'FINALIZE';
    this.publish();
    this.describe('committing');
    this.mayHaveCommitted = true;
    return controlActivities(this.input.options, 'commit').commitSnapshot({
      ...this.identity(),
      ...copied,
    });
  }

  /** Deletes what was written and takes the job off the ledger. If that fails, the next sweep rolls back. */
  private async rollBack(error: unknown, state: 'ABORTED' | 'FAILED', reason: string): Promise<void> {
    this.describe('rolling back');
    try {
      await controlActivities(this.input.options, 'roll back').rollbackSnapshot({
        ...this.identity(),
        ...this.abandoned(),
        fence: this.mayHaveCommitted && !isUntouched(error),
        outcome: { state, reason },
      });
    } catch (failure) {
      log.error('snapshot could not be rolled back; the next sweep does it', {
        ...this.names(),
        reason: reasonOf(failure),
      });
    }
  }

  private async begin(acceptance: JobAcceptance): Promise<Exclude<BeginSnapshotResult, { kind: 'queued' }>> {
    for (;;) {
      const mightBefore = this.mayHaveCommitted;
      // Until the step has answered, it may have committed.
      this.mayHaveCommitted = true;
      const begun = await controlActivities(this.input.options, 'plan').beginSnapshot({
        ...this.identity(),
        startMillis: this.input.startMillis,
        request: this.input.request,
      });
      if (begun.kind === 'committed') return begun;
      this.mayHaveCommitted = mightBefore || begun.mayHaveCommitted;
      if (begun.kind === 'planned') return begun;
      acceptance.accept();
      this.describe('waiting for a snapshot of the same indices that came earlier');
      await condition(() => this.granted);
      this.granted = false;
    }
  }

  private async copy({ plan, groups, smallInViews }: Planned): Promise<Copied> {
    this.groups = [];
    this.inline = [];
    this.settling = [];
    const [only, ...others] = groups;
    if (only?.small === true && others.length === 0) return this.copyHere(plan, only);
    const ahead = groups.filter((group) => !group.small || !smallInViews);
    return this.settle(plan, await this.copyIn(plan, ahead));
  }

  /** Copies the only group by an activity of this workflow. */
  private async copyHere(plan: ObjectRef, group: ShardGroup): Promise<Copied> {
    this.inline = pending(group);
    this.describe(`copying ${group.label}`);
    const copied = await dataActivities(this.input.options, group.label).copySmallGroup(this.copyInput(plan, group));
    this.inline = this.inline.map((shard) => ({ ...shard, stage: 'DONE' }));
    return { plan: copied.plan, results: [copied], unchangedMillis: copied.unchangedMillis };
  }

  /** Copies what is sealed of the groups by child workflows. */
  private async copyIn(plan: ObjectRef, groups: readonly ShardGroup[]): Promise<CopiedGroup[]> {
    const { repository, snapshot, uuid } = this.input;
    const copied = new Array<CopiedGroup>(groups.length);
    this.groups = groups.map((group, i) => ({
      workflowId: workflowIds.snapshotGroup(repository.name, snapshot, uuid, i),
      group,
      done: false,
    }));
    await inWindow([...this.groups.entries()], GROUPS_AT_ONCE, async ([i, slot]) => {
      this.describe(`copying ${groups.length} groups of shards`);
      copied[i] = await executeChild(copyShardGroupWorkflow, {
        workflowId: slot.workflowId,
        args: [this.copyInput(plan, slot.group)],
        cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        staticSummary: `copy ${slot.group.label} for ${repository.name}/${snapshot}`,
      });
      slot.done = true;
      this.describe(`copying ${groups.length} groups of shards`);
    });
    return copied;
  }

  /**
   * Opens views of all changed shards together, and settles the shards in them. If the cluster does not allow so many
   * views, opens the others when these are closed.
   */
  private async settle(plan: ObjectRef, copied: readonly CopiedGroup[]): Promise<Copied> {
    const results: GroupResult[] = [];
    let first: OpenedViews | undefined;
    let from = 0;
    for (let current = plan; ;) {
      this.describe('opening views of all shards');
      const opened = await controlActivities(this.input.options, 'open views').openViews({
        ...this.identity(),
        plan: current,
        from,
      });
      first ??= opened;
      current = opened.plan;
      this.views = [opened.views];
      if (this.begun !== undefined) this.begun = { ...this.begun, plan: current };
      results.push(...(await this.settleRound(opened, copied)));
      this.views = [];
      from = opened.to;
      if (from >= opened.changedShards) return { plan: current, results, unchangedMillis: first.unchangedMillis };
    }
  }

  /** Settles the shards of one round of views by activities of this workflow. */
  private async settleRound(
    { plan, views, groups }: OpenedViews,
    copied: readonly CopiedGroup[],
  ): Promise<GroupResult[]> {
    const results = new Array<GroupResult>(groups.length);
    await inWindow([...groups.entries()], GROUPS_AT_ONCE, async ([i, group]) => {
      const slot: SettleSlot = { group, done: false, failed: 0 };
      this.settling.push(slot);
      const result = await this.settleGroup(this.copyInput(plan, group), views, copied);
      slot.done = true;
      slot.failed = result.failed;
      results[i] = result;
      this.publish();
      this.describe('settling shards');
    });
    return results;
  }

  /** Settles a group. If it fails for good, large shards are results with the reason, as when they fail earlier. */
  private async settleGroup(
    input: CopyGroupInput,
    views: ObjectRef,
    copied: readonly CopiedGroup[],
  ): Promise<GroupResult> {
    const { group, options } = input;
    const end = group.first + group.count;
    const before = copied.filter((one) => one.first < end && group.first < one.first + one.count);
    try {
      const settle = { ...input, views, copied: before.map((one) => one.copied) };
      return await dataActivities(options, `settle ${group.label}`).settleGroup(settle);
    } catch (error) {
      if (group.small || isCancellation(error)) throw error;
      const failure = { reason: reasonOf(error), status: 'INTERNAL_SERVER_ERROR' };
      const results = Array.from({ length: group.count }, (_, i) => ({ ordinal: group.first + i, failure }));
      return controlActivities(options, 'keep the reason').keepGroupResults({ ...input, results });
    }
  }

  private copyInput(plan: ObjectRef, group: ShardGroup): CopyGroupInput {
    const { repository, snapshot, uuid, options } = this.input;
    return { repository, snapshot, uuid, plan, group, options };
  }

  /** Writes to the memo what lists show of the job. Call it wherever that changes. */
  private publish(): void {
    const done = this.settling.filter((slot) => slot.done);
    const failedShards = done.reduce((sum, slot) => sum + slot.failed, 0);
    const shown: ShownSnapshot = {
      uuid: this.input.uuid,
      state: this.state,
      startMillis: this.input.startMillis,
      includeGlobalState: this.input.request.includeGlobalState,
      metadata: this.input.request.metadata,
      plan: this.begun?.plan,
      counts: this.begun?.counts,
      copiedShards: done.reduce((sum, slot) => sum + slot.group.count, 0) - failedShards,
      failedShards,
    };
    upsertMemo({ [SNAPSHOT_MEMO]: shown });
  }

  /** What is left to clean up besides objects when the job gives up. */
  private abandoned() {
    return { plan: this.begun?.plan, views: this.views };
  }

  private identity() {
    return {
      repository: this.input.repository,
      snapshot: this.input.snapshot,
      uuid: this.input.uuid,
      partial: this.input.request.partial,
      options: this.input.options,
    };
  }

  /** Returns the fields of every log line. */
  private names() {
    const { repository, snapshot, uuid } = this.input;
    return { repository: repository.name, snapshot, uuid };
  }

  private describe(doing: string): void {
    const rows = this.groups
      .slice(0, 50)
      .map((g) => `| ${g.group.label} | ${g.group.documents} | ${g.done ? 'copied' : 'copying'} |`);
    const counts = this.begun?.counts;
    setCurrentDetails(
      [
        `**${this.input.repository.name}/${this.input.snapshot}**: ${this.state}, ${doing}`,
        counts === undefined
          ? ''
          : `\n${counts.shards} shards, ${counts.unchangedShards} unchanged, ${counts.failedShards} failed at once`,
        rows.length === 0 ? '' : `\n| shards | documents | |\n| --- | --- | --- |\n${rows.join('\n')}`,
      ].join('\n'),
    );
  }
}

function pending(group: ShardGroup): ShardProgress[] {
  return Array.from({ length: group.count }, (_, i) => ({
    ordinal: group.first + i,
    stage: 'STARTED' as const,
    documents: 0,
    objects: 0,
    bytes: 0,
  }));
}
