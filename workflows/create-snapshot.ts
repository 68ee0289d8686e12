/**
 * Creating a snapshot. Promises: the snapshot appears in the catalogue whole or not at all; a crash of anything is a
 * pause; cancelled, it leaves neither an object in the bucket nor a view in the cluster; failed after it was accepted, it
 * stands in the catalogue as FAILED, without data and with the reason.
 *
 * begin (what has to be copied?) → copy the changed shards, in groups → commit. If another installation committed a
 * snapshot of the same indices since, the job plans again on top of it.
 */
import {
  allHandlersFinished,
  ApplicationFailure,
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
  upsertSearchAttributes,
} from '@temporalio/workflow';
import { type GroupResult, type ShardGroup, type ShardProgress } from '../src/contracts/jobs/copy';
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
import { JOB_STATE } from '../src/contracts/search-attributes';
import { workflowIds } from '../src/contracts/workflow-ids';
import { copyShardGroupWorkflow } from './copy-shard-group';
import { codeOf, isUntouched, jobFailure, reasonOf } from './failures';
import { inWindow } from './in-window';
import { JobAcceptance } from './job-acceptance';
import { controlActivities, dataActivities } from './profiles';

/** Child workflows of one snapshot at once. */
const GROUPS_AT_ONCE = 8;

export async function createSnapshotWorkflow(input: CreateSnapshotInput): Promise<SnapshotOutcome> {
  const job = new SnapshotJob(input);
  const acceptance = new JobAcceptance();
  const work = new CancellationScope();
  setHandler(snapshotStatusQuery, () => job.status());
  setHandler(jobGrantedSignal, () => {
    job.granted = true;
  });
  setHandler(cancelSnapshotSignal, () => {
    work.cancel();
  });

  try {
    const outcome = await work.run(() => job.run(acceptance));
    job.end(outcome.state);
    await condition(allHandlersFinished);
    return outcome;
  } catch (error) {
    const outcome = await CancellationScope.nonCancellable(() => job.giveUp(error, acceptance.isAccepted));
    if (outcome !== undefined) return outcome;
    const failure = jobFailure(error);
    acceptance.refuse(failure);
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
    throw failure;
  }
}

class SnapshotJob {
  granted = false;
  private state: SnapshotStatus['state'] = 'INIT';
  /** Stays true once it is: an attempt that outlived its time can commit long after it was given up. */
  private mayHaveCommitted = false;
  private begun: Extract<BeginSnapshotResult, { kind: 'planned' }> | undefined;
  private inline: ShardProgress[] = [];
  private groups: { workflowId: string; group: ShardGroup; done: boolean; failed: number }[] = [];

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
   * Ends a job that failed or was cancelled. A snapshot that was accepted and failed is committed as FAILED, so that who
   * asked for it finds the reason; the outcome is returned then. All else is rolled back.
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
          plan: this.begun?.plan,
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
    if (this.input.options.searchAttributes) upsertSearchAttributes([{ key: JOB_STATE, value: state }]);
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
    const results = await this.copy(begun.groups);
    this.state = 'FINALIZE';
    this.publish();
    this.describe('committing');
    this.mayHaveCommitted = true;
    return controlActivities(this.input.options, 'commit').commitSnapshot({
      ...this.identity(),
      plan: begun.plan,
      results,
    });
  }

  /** Removes what was written and takes the job off the ledger. A roll-back that fails is left to the next sweep. */
  private async rollBack(error: unknown, state: 'ABORTED' | 'FAILED', reason: string): Promise<void> {
    this.describe('rolling back');
    try {
      await controlActivities(this.input.options, 'roll back').rollbackSnapshot({
        ...this.identity(),
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
      const tried = this.mayHaveCommitted;
      this.mayHaveCommitted = true; // while it runs, nobody knows
      const begun = await controlActivities(this.input.options, 'plan').beginSnapshot({
        ...this.identity(),
        startMillis: this.input.startMillis,
        request: this.input.request,
      });
      if (begun.kind === 'committed') return begun;
      this.mayHaveCommitted = tried || begun.mayHaveCommitted;
      if (begun.kind === 'planned') return begun;
      acceptance.accept();
      this.describe('waiting for a snapshot of the same indices that came earlier');
      await condition(() => this.granted);
      this.granted = false;
    }
  }

  private async copy(groups: readonly ShardGroup[]): Promise<GroupResult[]> {
    const results: GroupResult[] = new Array<GroupResult>(groups.length);
    const { repository, snapshot, uuid, options } = this.input;
    this.groups = [];
    this.inline = [];
    if (groups.length === 1 && groups[0].small) {
      const group = groups[0];
      this.inline = pending(group);
      this.describe(`copying ${group.label}`);
      const input = { repository, snapshot, uuid, plan: this.planned().plan, group, options };
      results[0] = await dataActivities(options, group.label).copySmallGroup(input);
      this.inline = this.inline.map((shard) => ({ ...shard, stage: 'DONE' }));
      return results;
    }
    this.groups = groups.map((group, i) => ({
      workflowId: workflowIds.snapshotGroup(repository.name, snapshot, uuid, i),
      group,
      done: false,
      failed: 0,
    }));
    await inWindow([...groups.keys()], GROUPS_AT_ONCE, async (i) => {
      const slot = this.groups[i];
      this.describe(`copying ${groups.length} groups of shards`);
      const result = await executeChild(copyShardGroupWorkflow, {
        workflowId: slot.workflowId,
        args: [{ repository, snapshot, uuid, plan: this.planned().plan, group: slot.group, options }],
        cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        staticSummary: `copy ${slot.group.label} for ${repository.name}/${snapshot}`,
      });
      slot.done = true;
      slot.failed = result.failed;
      results[i] = result;
      this.publish();
      this.describe(`copying ${groups.length} groups of shards`);
    });
    return results;
  }

  /** Shows in the memo what lists tell of the job. Called wherever that changes. */
  private publish(): void {
    const done = this.groups.filter((slot) => slot.done);
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

  private planned(): Extract<BeginSnapshotResult, { kind: 'planned' }> {
    if (this.begun === undefined) throw ApplicationFailure.nonRetryable('copying before planning', 'internal');
    return this.begun;
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

  /** Fields of every log line. */
  private names() {
    const { repository, snapshot, uuid } = this.input;
    return { repository: repository.name, snapshot, uuid };
  }

  private describe(doing: string): void {
    const rows = this.groups
      .slice(0, 50)
      .map((g) => `| ${g.group.label} | ${g.group.documents} | ${g.done ? 'done' : 'copying'} |`);
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
