/**
 * Restoring a snapshot. Promises: an index is restored whole, verified by count and checksum, or deleted again with
 * the reason in the job's status; a crash of anything is a pause; cancelling deletes what was written.
 */
import {
  allHandlersFinished,
  CancellationScope,
  ChildWorkflowCancellationType,
  condition,
  executeChild,
  getExternalWorkflowHandle,
  isCancellation,
  ParentClosePolicy,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import {
  type BeginRestoreResult,
  type IndexRecovery,
  type IndexRestore,
  type RestoreGroupInput,
  type RestoreOutcome,
  type RestoreSnapshotInput,
  type RestoreStatus,
} from '../src/contracts/jobs';
import { JOB_STATE } from '../src/contracts/search-attributes';
import { workflowIds } from '../src/contracts/workflow-ids';
import { Acceptance } from './acceptance';
import { jobFailure, reasonOf } from './failures';
import { IndexRestores } from './index-restores';
import { cancelIndexRestoreSignal, restoreStatusQuery } from './messages';
import { controlActivities } from './profiles';
import { restoreGroupWorkflow } from './restore-group';
import { inWindow } from './window';

const GROUPS_AT_ONCE = 4;
/** A restore of at most this many indices and stored bytes is done without child workflows. */
const INLINE_INDICES = 8;
const INLINE_BYTES = 64 * 1024 * 1024;
/** Indices of one child workflow; large ones count more. */
const GROUP_INDICES = 50;
const GROUP_BYTES = 4 * 1024 * 1024 * 1024;

export async function restoreSnapshotWorkflow(input: RestoreSnapshotInput): Promise<RestoreOutcome> {
  const job = new RestoreJob(input);
  const acceptance = new Acceptance();
  setHandler(restoreStatusQuery, () => job.status());
  setHandler(cancelIndexRestoreSignal, async ({ index }) => {
    await job.stop(index);
  });
  try {
    const outcome = await job.run(acceptance);
    await condition(allHandlersFinished);
    return outcome;
  } catch (error) {
    await CancellationScope.nonCancellable(() => job.undo(error));
    const failure = jobFailure(error);
    acceptance.refuse(failure);
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
    throw failure;
  }
}

class RestoreJob {
  private state: RestoreStatus['state'] = 'STARTED';
  private begun: BeginRestoreResult | undefined;
  private inline: IndexRestores | undefined;
  private groups: { workflowId: string; indices: readonly IndexRestore[]; ended?: readonly IndexRecovery[] }[] = [];

  constructor(private readonly input: RestoreSnapshotInput) {}

  async run(acceptance: Acceptance): Promise<RestoreOutcome> {
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
    const common = { repository, snapshot, id, manifest: begun.manifest, request, options };
    if (isSmall(begun.indices)) {
      this.inline = new IndexRestores({ ...common, indices: begun.indices });
      acceptance.accept();
      this.describe();
      await this.inline.run();
    } else {
      this.groups = group(begun.indices).map((indices, i) => ({
        workflowId: workflowIds.restoreGroup(repository.name, snapshot, id, i),
        indices,
      }));
      acceptance.accept();
      this.describe();
      await inWindow(this.groups, GROUPS_AT_ONCE, async (slot) => {
        slot.ended = await this.runGroup(slot.workflowId, { ...common, indices: slot.indices });
        this.describe();
      });
    }
    const outcome = outcomeOf(this.recoveries());
    await controlActivities(options, 'end').endRestore({
      repository,
      outcome: { state: outcome.state, reason: outcome.failures[0] },
    });
    this.end(outcome.state);
    return outcome;
  }

  /** Stops one index, here or in the child that restores it. */
  async stop(index: string): Promise<void> {
    this.inline?.stop(index);
    for (const slot of this.groups) {
      if (slot.ended === undefined && slot.indices.some((one) => one.target === index)) {
        await getExternalWorkflowHandle(slot.workflowId).signal(cancelIndexRestoreSignal, { index });
      }
    }
  }

  /** What an unfinished index had written is deleted by then; finished ones stay. */
  async undo(error: unknown): Promise<void> {
    const state = isCancellation(error) ? 'ABORTED' : 'FAILED';
    const { repository } = this.input;
    await controlActivities(this.input.options, 'end').endRestore({
      repository,
      outcome: { state, reason: reasonOf(error) },
    });
    this.end(state);
  }

  status(): RestoreStatus {
    return {
      repository: this.input.repository.name,
      snapshot: this.input.snapshot,
      snapshotUuid: this.begun?.snapshotUuid ?? '',
      version: this.begun?.version ?? '',
      state: this.state,
      startMillis: this.input.startMillis,
      indices: this.recoveries(),
      groups: this.groups.filter((slot) => slot.ended === undefined).map((slot) => slot.workflowId),
    };
  }

  private runGroup(workflowId: string, input: RestoreGroupInput): Promise<readonly IndexRecovery[]> {
    return executeChild(restoreGroupWorkflow, {
      workflowId,
      args: [input],
      cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      staticSummary: `restore ${input.indices[0].target}${input.indices.length > 1 ? ` and ${input.indices.length - 1} more` : ''}`,
    });
  }

  private recoveries(): IndexRecovery[] {
    return [...(this.inline?.recoveries ?? []), ...this.groups.flatMap((slot) => slot.ended ?? [])];
  }

  private end(state: RestoreStatus['state']): void {
    this.state = state;
    this.describe();
    if (this.input.options.searchAttributes) upsertSearchAttributes([{ key: JOB_STATE, value: state }]);
  }

  private describe(): void {
    const indices = this.begun?.indices ?? [];
    const rows = indices.slice(0, 50).map((index) => `| ${index.source} | ${index.target} | ${index.documents} |`);
    setCurrentDetails(
      `**${this.input.repository.name}/${this.input.snapshot}**: ${this.state}\n\n| index | restored as | documents |\n| --- | --- | --- |\n${rows.join('\n')}`,
    );
  }
}

function isSmall(indices: readonly IndexRestore[]): boolean {
  return indices.length <= INLINE_INDICES && indices.reduce((sum, index) => sum + index.bytes, 0) <= INLINE_BYTES;
}

function group(indices: readonly IndexRestore[]): IndexRestore[][] {
  const groups: IndexRestore[][] = [];
  let bytes = Infinity;
  for (const index of indices) {
    const last = groups.at(-1);
    if (last === undefined || last.length >= GROUP_INDICES || bytes + index.bytes > GROUP_BYTES) {
      groups.push([index]);
      bytes = index.bytes;
    } else {
      last.push(index);
      bytes += index.bytes;
    }
  }
  return groups;
}

function outcomeOf(recoveries: readonly IndexRecovery[]): RestoreOutcome {
  const done = recoveries.filter((one) => one.state === 'DONE');
  const failed = recoveries.filter((one) => one.state !== 'DONE');
  const shards = (of: readonly IndexRecovery[]): number => of.reduce((sum, one) => sum + one.shards.length, 0);
  return {
    state: failed.length === 0 ? 'SUCCESS' : done.length === 0 ? 'FAILED' : 'PARTIAL',
    indices: done.map((one) => one.target),
    shards: { total: shards(recoveries), failed: shards(failed) },
    failures: failed.map((one) => `[${one.target}] ${one.failure ?? 'cancelled: the index was deleted'}`),
    documents: done.reduce((sum, one) => sum + one.shards.reduce((all, shard) => all + shard.recoveredDocuments, 0), 0),
  };
}
