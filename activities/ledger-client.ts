/** Calls of activities to the ledger of a place: the workflow that keeps which jobs work on it. */
import { createHash } from 'node:crypto';
import { type Client, WithStartWorkflowOperation, WorkflowNotFoundError } from '@temporalio/client';
import { temporalUnavailable } from '../src/contracts/common-errors';
import { SnapkeepError } from '../src/contracts/errors';
import { type JobOptions, type JobRepository } from '../src/contracts/jobs/job';
import {
  type BeginJobResult,
  type JobOutcome,
  LEDGER_MEMO,
  type LedgerJob,
  type LedgerWorkflow,
  MAX_CLAIMS,
  MAX_JOBS,
  newLedger,
  type ShownJobs,
} from '../src/contracts/jobs/ledger';
import { beginJobsUpdate, endJobSignal, requestSweepSignal } from '../src/contracts/jobs/workflow-messages';
import { workflowIds } from '../src/contracts/workflow-ids';
import { type OpenRepositories, type OpenRepository } from '../src/registrations/open-repositories';
import { thisJob } from './activity-shell';

/** The repository and options that a job was accepted with. */
export interface JobCall {
  readonly repository: JobRepository;
  readonly options: JobOptions;
}

/** A job that is to be entered, and the call that waits for the answer. */
interface Begin {
  readonly call: JobCall;
  readonly job: LedgerJob;
  readonly resolve: (result: BeginJobResult) => void;
  readonly reject: (error: unknown) => void;
}

/** Most jobs that one update enters, and most claims of all of them: they bound its payload. */
const BATCH_JOBS = 200;
const BATCH_CLAIMS = 20_000;

/** The ledgers of all places, for the activities of one worker. Needs the context of an activity. */
export class Ledger {
  private readonly begins = new Map<string, Begin[]>();

  constructor(
    private readonly client: Client,
    private readonly repositories: OpenRepositories,
  ) {}

  /** Opens the repository as it was registered when the job was accepted. Throws when its settings are not admitted. */
  open(repository: JobRepository): OpenRepository {
    return this.repositories.open(repository);
  }

  /**
   * Enters the calling job in the ledger of its place, or changes its entry. Repeating it is harmless. Throws
   * `concurrent_snapshot_execution_exception` when too many jobs work on the place, `temporal_unavailable` when the
   * ledger did not answer.
   */
  async beginJob(call: JobCall, job: Omit<LedgerJob, 'workflowId' | 'repository'>): Promise<BeginJobResult> {
    const { name, place } = call.repository;
    const { workflowId, taskQueue } = thisJob();
    const entry = { ...job, workflowId, repository: name };
    const result = await new Promise<BeginJobResult>((resolve, reject) => {
      const begin = { call, job: entry, resolve, reject };
      const begun = this.begins.get(place);
      if (begun !== undefined) {
        begun.push(begin);
        return;
      }
      const queue: Begin[] = [begin];
      this.begins.set(place, queue);
      void this.beginAll(place, taskQueue, queue);
    });
    if (!result.full) return result;
    throw new SnapkeepError(
      'concurrent_snapshot_execution_exception',
      `[${name}:${job.snapshot}] cannot start: ${MAX_JOBS} jobs work on the repository already; ask again when some of them have ended`,
    );
  }

  /** Enters the queued jobs of a place, batch by batch, because Temporal takes few updates of one workflow at once. */
  private async beginAll(place: string, taskQueue: string, queue: Begin[]): Promise<void> {
    while (queue.length > 0) {
      const batch = queue.splice(0, batchLength(queue));
      try {
        const results = await this.beginBatch(taskQueue, batch);
        batch.forEach(({ resolve }, i) => resolve(results[i]!));
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.begins.delete(place);
  }

  private beginBatch(taskQueue: string, batch: readonly Begin[]): Promise<readonly BeginJobResult[]> {
    const sweepers = batch.map(({ call }) => call).filter(({ repository }) => !this.open(repository).write.readonly);
    const sweeper = sweepers.at(-1);
    return asked(
      this.client.workflow.executeUpdateWithStart(beginJobsUpdate, {
        args: [
          {
            jobs: batch.map(({ job }) => job),
            sweeper: sweeper && { repository: sweeper.repository, options: sweeper.options },
          },
        ],
        startWorkflowOperation: new WithStartWorkflowOperation<LedgerWorkflow>('repositoryWorkflow', {
          ...startOptions(batch[0]!.call.repository, taskQueue),
          workflowIdConflictPolicy: 'USE_EXISTING',
        }),
      }),
    );
  }

  /**
   * Takes the calling job off the ledger. Harmless when the ledger does not know the job. Throws
   * `temporal_unavailable`.
   */
  async endJob(repository: JobRepository, outcome: JobOutcome): Promise<void> {
    const { workflowId } = thisJob();
    try {
      await this.client.workflow
        .getHandle(workflowIds.repository(repository.place))
        .signal(endJobSignal, { workflowId, outcome });
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw unavailable(error);
    }
  }

  /**
   * Asks for a sweep of the place. The ledger signals the calling workflow when it is over. Throws
   * `temporal_unavailable`.
   */
  async requestSweep({ repository, options }: JobCall): Promise<void> {
    const { workflowId, taskQueue } = thisJob();
    await asked(
      this.client.workflow.signalWithStart('repositoryWorkflow', {
        ...startOptions(repository, taskQueue),
        signal: requestSweepSignal,
        signalArgs: [{ workflowId, repository, options }],
      }),
    );
  }

  /**
   * Returns the uuids of the snapshots that jobs of the place make or read. The ledger shows a job before its first
   * object is written. Throws `temporal_unavailable`.
   */
  async runningSnapshots({ place }: JobRepository): Promise<ReadonlySet<string>> {
    try {
      const { memo } = await this.client.workflow.getHandle(workflowIds.repository(place)).describe();
      const shown = memo?.[LEDGER_MEMO] as ShownJobs | undefined;
      return new Set(shown?.running.flatMap(({ snapshotUuid }) => snapshotUuid ?? []));
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return new Set();
      throw unavailable(error);
    }
  }

  /** Returns those of the workflows that no longer run. Throws `temporal_unavailable`. */
  async ended(ids: readonly string[]): Promise<string[]> {
    const ended: string[] = [];
    for (const id of ids) {
      try {
        const { status } = await this.client.workflow.getHandle(id).describe();
        if (status.name !== 'RUNNING') ended.push(id);
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw unavailable(error);
        ended.push(id);
      }
    }
    return ended;
  }
}

/**
 * Returns short hashes of the names, by which the ledger finds jobs that read the same index. Names are not sent,
 * because payloads are bounded. Two names with the same hash make one job wait for another without need.
 */
export function claimsOf(indices: readonly string[]): string[] {
  if (indices.length > MAX_CLAIMS) return ['*'];
  return indices.map((name) => createHash('sha256').update(name).digest('base64url').slice(0, 6));
}

function startOptions({ name, place }: JobRepository, taskQueue: string) {
  return {
    workflowId: workflowIds.repository(place),
    args: [newLedger(place)] as [ReturnType<typeof newLedger>],
    taskQueue,
    staticSummary: `jobs of repository ${name}`,
  };
}

/** Returns how many of the jobs, from the first on, one update may enter: at least one. */
function batchLength(queue: readonly Begin[]): number {
  let claims = 0;
  let length = 0;
  for (const { job } of queue) {
    claims += job.claims.length;
    if (length > 0 && (length >= BATCH_JOBS || claims > BATCH_CLAIMS)) break;
    length++;
  }
  return length;
}

async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw unavailable(error);
  }
}

/** Returns the error of a call that Temporal did not answer as expected. It is retryable. */
function unavailable(error: unknown): SnapkeepError {
  return temporalUnavailable((error as Error).message, error);
}
