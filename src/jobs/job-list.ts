import { WorkflowFailedError } from '@temporalio/client';
import { LRUCache } from 'lru-cache';
import { isSnapkeepError, SnapkeepError } from '../contracts/errors';
import { type EndedJob, type ShownJob } from '../contracts/jobs/ledger';
import { type IndexRecovery } from '../contracts/jobs/recovery';
import { type RestoreFailure, type RestoreOutcome } from '../contracts/jobs/restore';
import { type ShownSnapshot, SNAPSHOT_MEMO, type SnapshotOutcome } from '../contracts/jobs/snapshot';
import { type Json, type JsonObject } from '../elasticsearch/json-value';
import { isoTime } from '../elasticsearch/values';
import { changedShards } from '../snapshotting/job-plan';
import { type Places } from './reading/places';
import { type Recoveries } from './restores/recoveries';
import { type Ledgers } from './running/ledgers';
import { type RunningJobs } from './running/running-jobs';
import { type ShardProgressReader } from './running/shard-progress';
import { type RunningViews } from './snapshots/running-views';
import { asSnapkeepError, isStopped } from './temporal/failures';
import { type TemporalCalls } from './temporal/temporal-calls';

/** A job that runs, or ended lately. */
type KnownJob = ShownJob & Partial<EndedJob>;

/** What more is known of a job than the ledger shows. */
interface Findings {
  readonly state: string;
  readonly documents?: Amount;
  readonly bytes?: Amount;
  readonly failures?: readonly Json[];
  /** What a restore could not take, with reasons. */
  readonly leftOut?: readonly Json[];
}

interface Amount {
  readonly done: number;
  readonly total?: number;
}

/** Ended jobs whose findings are remembered; they never change again. */
const ENDED_KEPT = 1_000;

/** `GET /_snapkeep/jobs`: what runs, and what ended lately, in all repositories. */
export class Jobs {
  private readonly findings = new LRUCache<string, Findings>({ max: ENDED_KEPT });

  constructor(
    private readonly parts: {
      readonly calls: TemporalCalls;
      readonly ledgers: Ledgers;
      readonly places: Places;
      readonly running: RunningJobs;
      readonly views: RunningViews;
      readonly progress: ShardProgressReader;
      readonly recoveries: Recoveries;
      /** Address of the Temporal UI; unset: no links. */
      readonly temporalUi?: string;
    },
  ) {}

  /** The newest first. Needs no worker; without one the progress of running jobs is not shown. */
  async list(): Promise<JsonObject> {
    const jobs = await this.known();
    return { jobs: await Promise.all(jobs.map((job) => this.show(job))) };
  }

  /** Throws `job_missing` for a job that is not known, or ended too long ago. */
  async one(workflowId: string): Promise<JsonObject> {
    const job = (await this.known()).find((known) => known.workflowId === workflowId);
    if (job === undefined) {
      throw new SnapkeepError(
        'job_missing',
        `no job [${workflowId}] runs or ended lately; [GET /_snapkeep/jobs] lists those that did`,
        { details: { job: workflowId } },
      );
    }
    return this.show(job);
  }

  private async known(): Promise<KnownJob[]> {
    const { ledgers, places, running } = this.parts;
    const found = await Promise.all(
      (await places.ofAll(await ledgers.registrations())).map(async (place) => {
        const { ended } = await ledgers.jobs(place);
        return [...ended, ...(await running.all(place))];
      }),
    );
    // A job may have ended since the ledger was read, and a name may have been used again.
    const jobs = new Map(found.flat().map((job) => [`${job.workflowId} ${job.startMillis}`, job]));
    return [...jobs.values()].sort((a, b) => b.startMillis - a.startMillis);
  }

  private async show(job: KnownJob): Promise<JsonObject> {
    const described = await this.parts.calls.describe(job.workflowId);
    const isRunning = described?.status.name === 'RUNNING';
    const stopMillis = job.endMillis ?? (isRunning ? undefined : described?.closeTime?.getTime());
    const findings = isRunning
      ? await this.running(job, described.memo?.[SNAPSHOT_MEMO] as ShownSnapshot | undefined)
      : await this.ended(job);
    return {
      id: job.workflowId,
      kind: job.kind,
      repository: job.repository,
      snapshot: job.snapshot,
      state: findings.state,
      start_time: isoTime(job.startMillis),
      start_time_in_millis: job.startMillis,
      stop_time: stopMillis === undefined ? undefined : isoTime(stopMillis),
      stop_time_in_millis: stopMillis,
      percent: percentOf(findings.documents),
      documents: amountJson(findings.documents),
      bytes: amountJson(findings.bytes),
      failures: findings.failures ?? [],
      left_out: findings.leftOut ?? [],
      temporal_ui: this.link(job.workflowId),
    };
  }

  private async running(job: ShownJob, shown: ShownSnapshot | undefined): Promise<Findings> {
    try {
      if (job.kind === 'restore') return await this.restore(job);
      if (job.kind === 'snapshot' && shown !== undefined) return await this.snapshot(job, shown);
    } catch (error) {
      // How far a job is only a worker, or the store, can tell; that it runs is known all the same.
      if (!isSnapkeepError(error) || !error.retryable) throw error;
    }
    return { state: shown?.state ?? 'STARTED' };
  }

  private async snapshot(job: ShownJob, shown: ShownSnapshot): Promise<Findings> {
    const { ledgers, views, progress } = this.parts;
    const plan = await views.plan(await ledgers.registration(job.repository), shown.plan);
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

  /** A running restore, or one that has ended: workers know both. */
  private async restore(job: ShownJob): Promise<Findings> {
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

  /** From the job's result, which Temporal keeps: no worker takes part. */
  private async ended(job: KnownJob): Promise<Findings> {
    const key = `${job.workflowId} ${job.startMillis}`;
    const known = this.findings.get(key);
    if (known !== undefined) return known;
    const { calls } = this.parts;
    let findings: Findings;
    try {
      const result = await calls.quick(() => calls.client.workflow.getHandle(job.workflowId).result());
      findings = outcomeFindings(job, result as Outcome | undefined);
    } catch (error) {
      const cause = asSnapkeepError(error);
      const isOwn = causedByEnd(error) || causedByEnd(cause);
      if (!isOwn) throw cause;
      findings = isStopped(error)
        ? { state: job.state ?? 'ABORTED', failures: reasons(job.reason) }
        : { state: job.state ?? 'FAILED', failures: reasons(job.reason ?? (cause as Error).message) };
    }
    this.findings.set(key, findings);
    return findings;
  }

  private link(workflowId: string): string | undefined {
    const { calls, temporalUi } = this.parts;
    if (temporalUi === undefined) return undefined;
    const namespace = encodeURIComponent(calls.client.options.namespace);
    return `${temporalUi}/namespaces/${namespace}/workflows/${encodeURIComponent(workflowId)}`;
  }
}

type Outcome = Partial<Pick<SnapshotOutcome, 'addedBytes'>> &
  Partial<Pick<RestoreOutcome, 'documents' | 'state' | 'failures' | 'leftOut'>>;

function outcomeFindings(job: KnownJob, outcome: Outcome | undefined): Findings {
  const { documents } = outcome ?? {};
  return {
    state: job.state ?? outcome?.state ?? 'SUCCESS',
    documents: documents === undefined ? undefined : { done: documents, total: documents },
    bytes: outcome?.addedBytes === undefined ? undefined : { done: outcome.addedBytes, total: outcome.addedBytes },
    // The reason that the ledger keeps is the first of them.
    failures: outcome?.failures === undefined ? reasons(job.reason) : outcome.failures.first.map(failureText),
    leftOut: outcome?.leftOut?.first.map((one) => ({ ...one })),
  };
}

function failureText({ index, reason }: RestoreFailure): string {
  return `[${index}] ${reason}`;
}

/** Whether the job itself ended so, rather than the question about it. */
function causedByEnd(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof WorkflowFailedError) return true;
  }
  return false;
}

function reasons(reason: string | undefined): string[] {
  return reason === undefined ? [] : [reason];
}

function amountJson(amount: Amount | undefined): JsonObject | undefined {
  return amount === undefined ? undefined : { done: amount.done, total: amount.total };
}

function percentOf(amount: Amount | undefined): number | undefined {
  if (amount?.total === undefined) return undefined;
  return amount.total === 0 ? 100 : Math.min(100, Math.floor((100 * amount.done) / amount.total));
}
