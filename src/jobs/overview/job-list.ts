import { SnapkeepError } from '../../contracts/errors';
import { type ShownSnapshot, SNAPSHOT_MEMO } from '../../contracts/jobs/snapshot';
import { type JsonObject } from '../../elasticsearch/json-value';
import { isoTime } from '../../elasticsearch/values';
import { type Places } from '../reading/places';
import { type RegistrationsClient } from '../repositories/registrations-client';
import { type LedgerReader } from '../running/ledger-reader';
import { type RunningJobs } from '../running/running-jobs';
import { type TemporalCalls } from '../temporal/temporal-calls';
import { type Amount, type JobDetails, type KnownJob } from './job-details';

/** Answers `GET /_snapkeep/jobs`: the jobs of all repositories that run, or ended recently. */
export class JobList {
  constructor(
    private readonly parts: {
      readonly calls: TemporalCalls;
      readonly registrations: RegistrationsClient;
      readonly ledgers: LedgerReader;
      readonly places: Places;
      readonly running: RunningJobs;
      readonly details: JobDetails;
      /** Address of the Temporal UI; unset: no links. */
      readonly temporalUi?: string;
    },
  ) {}

  /** Returns all jobs, the newest first. Without a worker, the progress of running jobs is left out. */
  async list(): Promise<JsonObject> {
    const jobs = await this.known();
    return { jobs: await Promise.all(jobs.map((job) => this.show(job))) };
  }

  /** Returns one job. Throws `job_missing` when the job is unknown or ended too long ago. */
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
    const { registrations, ledgers, places, running } = this.parts;
    const found = await Promise.all(
      (await places.ofAll(await registrations.list())).map(async (place) => {
        const { ended } = await ledgers.read(place);
        return [...ended, ...(await running.all(place))];
      }),
    );
    // A job may end between the two reads, and a later job may use its name again.
    const jobs = new Map(found.flat().map((job) => [`${job.workflowId} ${job.startMillis}`, job]));
    return [...jobs.values()].sort((a, b) => b.startMillis - a.startMillis);
  }

  private async show(job: KnownJob): Promise<JsonObject> {
    const { calls, details } = this.parts;
    const described = await calls.describe(job.workflowId);
    const isRunning = described?.status.name === 'RUNNING';
    const stopMillis = job.endMillis ?? (isRunning ? undefined : described?.closeTime?.getTime());
    const found = isRunning
      ? await details.ofRunning(job, described.memo?.[SNAPSHOT_MEMO] as ShownSnapshot | undefined)
      : await details.ofEnded(job);
    return {
      id: job.workflowId,
      kind: job.kind,
      repository: job.repository,
      snapshot: job.snapshot || undefined,
      state: found.state,
      start_time: isoTime(job.startMillis),
      start_time_in_millis: job.startMillis,
      stop_time: stopMillis === undefined ? undefined : isoTime(stopMillis),
      stop_time_in_millis: stopMillis,
      percent: percentOf(found.documents),
      documents: amountJson(found.documents),
      bytes: amountJson(found.bytes),
      failures: found.failures ?? [],
      left_out: found.leftOut ?? [],
      temporal_ui: this.link(job.workflowId),
    };
  }

  private link(workflowId: string): string | undefined {
    const { calls, temporalUi } = this.parts;
    if (temporalUi === undefined) return undefined;
    const namespace = encodeURIComponent(calls.client.options.namespace);
    return `${temporalUi}/namespaces/${namespace}/workflows/${encodeURIComponent(workflowId)}`;
  }
}

function amountJson(amount: Amount | undefined): JsonObject | undefined {
  return amount === undefined ? undefined : { done: amount.done, total: amount.total };
}

function percentOf(amount: Amount | undefined): number | undefined {
  if (amount?.total === undefined) return undefined;
  return amount.total === 0 ? 100 : Math.min(100, Math.floor((100 * amount.done) / amount.total));
}
