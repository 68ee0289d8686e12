import { WorkflowFailedError } from '@temporalio/client';
import { LRUCache } from 'lru-cache';
import { isSnapkeepError } from '../../contracts/errors';
import { type EndedJob, type ShownJob } from '../../contracts/jobs/ledger';
import { type IndexRecovery } from '../../contracts/jobs/recovery';
import { type RestoreFailure, type RestoreOutcome } from '../../contracts/jobs/restore';
import { type ShownSnapshot, type SnapshotOutcome } from '../../contracts/jobs/snapshot';
import { type Json } from '../../elasticsearch/json-value';
import { changedShards } from '../../snapshotting/job-plan';
import { type RegistrationsClient } from '../repositories/registrations-client';
import { type Recoveries } from '../restores/recoveries';
import { type ShardProgressReader } from '../running/shard-progress';
import { type RunningViews } from '../snapshots/running-views';
import { type TemporalCalls } from '../temporal/temporal-calls';
import { asSnapkeepError, isStopped } from '../temporal/temporal-failures';

/** A job that runs, or ended recently. */
export type KnownJob = ShownJob & Partial<EndedJob>;

/** Details of a job that its ledger does not show. */
interface Details {
  readonly state: string;
  readonly documents?: Amount;
  readonly bytes?: Amount;
  readonly failures?: readonly Json[];
  /** Parts that a restore left out, with reasons. */
  readonly leftOut?: readonly Json[];
}

/** An amount of work; `total` is unset while it is unknown. */
export interface Amount {
  readonly done: number;
  readonly total?: number;
}

/** Ended jobs whose details are cached; they never change. */
const ENDED_KEPT = 1_000;

/** Finds the progress of running jobs and the outcome of ended ones. */
export class JobDetails {
  private readonly ended = new LRUCache<string, Details>({ max: ENDED_KEPT });

  constructor(
    private readonly parts: {
      readonly calls: TemporalCalls;
      readonly registrations: RegistrationsClient;
      readonly views: RunningViews;
      readonly progress: ShardProgressReader;
      readonly recoveries: Recoveries;
    },
  ) {}

  /** Returns the progress of a running job; its state alone if no worker, or no store, answers. */
  async ofRunning(job: ShownJob, shown: ShownSnapshot | undefined): Promise<Details> {
    try {
      if (job.kind === 'restore') return await this.ofRestore(job);
      if (job.kind === 'snapshot' && shown !== undefined) return await this.ofSnapshot(job, shown);
    } catch (error) {
      // Only the progress depends on a worker or the store; the job is known to run.
      if (!isSnapkeepError(error) || !error.retryable) throw error;
    }
    return { state: shown?.state ?? 'STARTED' };
  }

  /** Returns the outcome of an ended job, from the result that Temporal keeps. Needs no worker. */
  async ofEnded(job: KnownJob): Promise<Details> {
    const key = `${job.workflowId} ${job.startMillis}`;
    const known = this.ended.get(key);
    if (known !== undefined) return known;
    const { calls } = this.parts;
    let details: Details;
    try {
      const result = await calls.quick(() => calls.client.workflow.getHandle(job.workflowId).result());
      details = outcomeDetails(job, result as Outcome | undefined);
    } catch (error) {
      const cause = asSnapkeepError(error);
      const isOwn = causedByEnd(error) || causedByEnd(cause);
      if (!isOwn) throw cause;
      details = isStopped(error)
        ? { state: job.state ?? 'ABORTED', failures: reasons(job.reason) }
        : { state: job.state ?? 'FAILED', failures: reasons(job.reason ?? (cause as Error).message) };
    }
    this.ended.set(key, details);
    return details;
  }

  private async ofSnapshot(job: ShownJob, shown: ShownSnapshot): Promise<Details> {
    const { registrations, views, progress } = this.parts;
    const plan = await views.plan(await registrations.get(job.repository), shown.plan);
    if (plan === undefined) return { state: shown.state };
    const expected = changedShards(plan).map((shard) => shard.plan.documents);
    const shards = [...(await progress.read({ job, shown }, expected)).values()];
    return {
      state: shown.state,
      documents: {
        done: shards.reduce((sum, shard) => sum + shard.documents, 0),
        total: expected.reduce((sum, documents) => sum + documents, 0),
      },
      bytes: { done: shards.reduce((sum, shard) => sum + shard.bytes, 0) },
      failures: shards.flatMap((shard) => shard.reason ?? []),
    };
  }

  private async ofRestore(job: ShownJob): Promise<Details> {
    const found = await this.parts.recoveries.statusOf(job);
    if (found === undefined) return { state: 'STARTED' };
    const { status, indices } = found;
    const sum = (of: (shard: IndexRecovery['shards'][number]) => number): number =>
      indices.reduce((all, index) => index.shards.reduce((own, shard) => own + of(shard), all), 0);
    const { failures, leftOut } = status.summary;
    return {
      state: status.state,
      documents: { done: sum((shard) => shard.recoveredDocuments), total: sum((shard) => shard.documents) },
      bytes: { done: sum((shard) => shard.recoveredBytes), total: sum((shard) => shard.bytes) },
      failures: [...reasons(status.failure), ...failures.first.map(failureText)],
      leftOut: leftOut.first.map((one) => ({ ...one })),
    };
  }
}

type Outcome = Partial<Pick<SnapshotOutcome, 'addedBytes'>> &
  Partial<Pick<RestoreOutcome, 'documents' | 'state' | 'failures' | 'leftOut'>>;

function outcomeDetails(job: KnownJob, outcome: Outcome | undefined): Details {
  const { documents } = outcome ?? {};
  return {
    state: job.state ?? outcome?.state ?? 'SUCCESS',
    documents: documents === undefined ? undefined : { done: documents, total: documents },
    bytes: outcome?.addedBytes === undefined ? undefined : { done: outcome.addedBytes, total: outcome.addedBytes },
    // The reason in the ledger is the first of the outcome's failures.
    failures: outcome?.failures === undefined ? reasons(job.reason) : outcome.failures.first.map(failureText),
    leftOut: outcome?.leftOut?.first.map((one) => ({ ...one })),
  };
}

function failureText({ index, reason }: RestoreFailure): string {
  return `[${index}] ${reason}`;
}

/** Returns whether the error is the job's own end, not a failure of the call that asked for it. */
function causedByEnd(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof WorkflowFailedError) return true;
  }
  return false;
}

function reasons(reason: string | undefined): string[] {
  return reason === undefined ? [] : [reason];
}
