/**
 * Creating a snapshot. Promises: the snapshot appears in the catalogue whole or not at all; a crash of anything is a
 * pause; cancelled or failed, it leaves neither an object in the bucket nor a view in the cluster.
 *
 * begin (what has to be copied?) → copy the changed shards, in groups → commit. Where another installation committed a
 * snapshot of the same indices meanwhile, the job plans again on top of it.
 */
import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowCancellationType,
  condition,
  executeChild,
  isCancellation,
  ParentClosePolicy,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import {
  type BeginSnapshotResult,
  type CreateSnapshotInput,
  type GroupResult,
  type ShardGroup,
  type ShardProgress,
  type SnapshotOutcome,
  type SnapshotStatus,
} from '../src/contracts/jobs';
import { JOB_STATE } from '../src/contracts/search-attributes';
import { workflowIds } from '../src/contracts/workflow-ids';
import { Acceptance } from './acceptance';
import { copyShardGroupWorkflow } from './copy-shard-group';
import { hasCode, jobFailure } from './failures';
import { cancelSnapshotSignal, jobGrantedSignal, snapshotStatusQuery } from './messages';
import { controlActivities, dataActivities } from './profiles';
import { inWindow } from './window';

/** Child workflows of one snapshot at once. */
const GROUPS_AT_ONCE = 8;
/** How often a job plans again because another writer committed the same indices meanwhile. */
const MAX_PLANS = 10;

export async function createSnapshotWorkflow(input: CreateSnapshotInput): Promise<SnapshotOutcome> {
  const job = new SnapshotJob(input);
  const acceptance = new Acceptance();
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
    await CancellationScope.nonCancellable(() => job.rollBack());
    job.end(isCancellation(error) ? 'ABORTED' : 'FAILED');
    const failure = jobFailure(error);
    acceptance.refuse(failure);
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
    throw failure;
  }
}

class SnapshotJob {
  granted = false;
  private state: SnapshotStatus['state'] = 'INIT';
  private mayCommit = false;
  private begun: Extract<BeginSnapshotResult, { kind: 'planned' }> | undefined;
  private inline: ShardProgress[] = [];
  private groups: { workflowId: string; group: ShardGroup; done: boolean; failed: number }[] = [];

  constructor(private readonly input: CreateSnapshotInput) {
    this.describe('finding out what has changed');
  }

  async run(acceptance: Acceptance): Promise<SnapshotOutcome> {
    for (let plans = 1; ; plans++) {
      const begun = await this.begin(acceptance);
      acceptance.accept();
      if (begun.kind === 'committed') return begun.outcome;
      this.begun = begun;
      this.state = 'STARTED';
      const results = await this.copy(begun.groups);
      this.state = 'FINALIZE';
      this.describe('committing');
      this.mayCommit = true;
      try {
        return await controlActivities(this.input.options, 'commit').commitSnapshot({
          ...this.identity(),
          plan: begun.plan,
          results,
        });
      } catch (error) {
        // The next plan starts from the newest snapshot; what this one wrote and it doesn't use goes at commit.
        if (!hasCode(error, 'base_changed') || plans === MAX_PLANS) throw error;
        this.state = 'INIT';
      }
    }
  }

  /** Removes what was written and tells the repository's ledger that the job is over. */
  async rollBack(): Promise<void> {
    this.describe('rolling back');
    await controlActivities(this.input.options, 'roll back').rollbackSnapshot({
      ...this.identity(),
      jobEnds: true,
      // Only where a commit may have been tried can a try that outlived its time still come through.
      fence: this.mayCommit,
    });
  }

  end(state: SnapshotStatus['state']): void {
    this.state = state;
    this.describe('ended');
    if (this.input.options.searchAttributes) upsertSearchAttributes([{ key: JOB_STATE, value: state }]);
  }

  status(): SnapshotStatus {
    return {
      repository: this.input.repository,
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

  private async begin(acceptance: Acceptance): Promise<Exclude<BeginSnapshotResult, { kind: 'queued' }>> {
    for (;;) {
      this.mayCommit = true;
      const begun = await controlActivities(this.input.options, 'plan').beginSnapshot({
        ...this.identity(),
        startMillis: this.input.startMillis,
        request: this.input.request,
      });
      this.mayCommit = false;
      if (begun.kind !== 'queued') return begun;
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
      workflowId: workflowIds.snapshotGroup(repository, snapshot, uuid, i),
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
        staticSummary: `copy ${slot.group.label} for ${repository}/${snapshot}`,
      });
      slot.done = true;
      slot.failed = result.failed;
      results[i] = result;
      this.describe(`copying ${groups.length} groups of shards`);
    });
    return results;
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
    };
  }

  private describe(doing: string): void {
    const rows = this.groups
      .slice(0, 50)
      .map((g) => `| ${g.group.label} | ${g.group.documents} | ${g.done ? 'done' : 'copying'} |`);
    const counts = this.begun?.counts;
    setCurrentDetails(
      [
        `**${this.input.repository}/${this.input.snapshot}**: ${this.state}, ${doing}`,
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
