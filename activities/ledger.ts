/** What activities ask of the workflow that knows who works on a place. */
import { createHash } from 'node:crypto';
import { type Client, WithStartWorkflowOperation, WorkflowNotFoundError } from '@temporalio/client';
import { SnapkeepError } from '../src/contracts/errors';
import { type JobRepository } from '../src/contracts/jobs';
import { type BeginJobResult, type LedgerJob, MAX_CLAIMS } from '../src/contracts/ledger';
import { workflowIds } from '../src/contracts/workflow-ids';
import { type OpenRepositories, type OpenRepository } from '../src/registrations/open-repositories';
import { type repositoryWorkflow } from '../workflows';
import { beginJobsUpdate, endJobSignal } from '../workflows/messages';
import { thisJob } from './run';

/** A job that waits to be entered. */
interface Begin {
  readonly job: LedgerJob;
  readonly resolve: (result: BeginJobResult) => void;
  readonly reject: (error: unknown) => void;
}

/** Jobs, and claims of all of them, that one update enters: bounds its payload. */
const BATCH_JOBS = 200;
const BATCH_CLAIMS = 20_000;

export class Ledger {
  private readonly begins = new Map<string, Begin[]>();

  constructor(
    private readonly client: Client,
    private readonly repositories: OpenRepositories,
  ) {}

  /** The repository as it was registered when the job was accepted. */
  open(repository: JobRepository): OpenRepository {
    return this.repositories.open(repository);
  }

  /** Enters the calling job in the ledger of its place, or changes its entry. Asking again for a job is harmless. */
  async beginJob(
    repository: JobRepository,
    job: Omit<LedgerJob, 'workflowId' | 'repository'>,
  ): Promise<BeginJobResult> {
    const { workflowId, taskQueue } = thisJob();
    const entry = { ...job, workflowId, repository: repository.name };
    return new Promise((resolve, reject) => {
      const begun = this.begins.get(repository.place);
      if (begun !== undefined) {
        begun.push({ job: entry, resolve, reject });
        return;
      }
      const queue: Begin[] = [{ job: entry, resolve, reject }];
      this.begins.set(repository.place, queue);
      void this.beginAll(repository, taskQueue, queue);
    });
  }

  /** Enters what is queued for a place, batch by batch: Temporal takes few updates of one workflow at once. */
  private async beginAll(repository: JobRepository, taskQueue: string, queue: Begin[]): Promise<void> {
    while (queue.length > 0) {
      const batch = queue.splice(0, batchLength(queue));
      try {
        const results = await this.beginBatch(
          repository,
          taskQueue,
          batch.map(({ job }) => job),
        );
        batch.forEach(({ resolve }, i) => resolve(results[i]));
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.begins.delete(repository.place);
  }

  private beginBatch(
    repository: JobRepository,
    taskQueue: string,
    jobs: readonly LedgerJob[],
  ): Promise<readonly BeginJobResult[]> {
    const start = new WithStartWorkflowOperation<typeof repositoryWorkflow>('repositoryWorkflow', {
      workflowId: workflowIds.repository(repository.place),
      args: [{ place: repository.place, running: [], waiting: [], restores: [] }],
      taskQueue,
      workflowIdConflictPolicy: 'USE_EXISTING',
      staticSummary: `jobs of repository ${repository.name}`,
    });
    return asked(
      this.client.workflow.executeUpdateWithStart(beginJobsUpdate, {
        args: [jobs],
        startWorkflowOperation: start,
      }),
    );
  }

  /** Takes the calling job off the ledger. Harmless when the job is not known any more. */
  async endJob(repository: JobRepository): Promise<void> {
    const { workflowId } = thisJob();
    try {
      await this.client.workflow
        .getHandle(workflowIds.repository(repository.place))
        .signal(endJobSignal, { workflowId });
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw unavailable(error);
    }
  }

  /** Those of the workflows that do not run any more. */
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
 * Short hashes of the names, by which the ledger sees which jobs read the same index: names have no bound, payloads
 * have one. Two names with one hash make two jobs wait for each other without need.
 */
export function claimsOf(indices: readonly string[]): string[] {
  if (indices.length > MAX_CLAIMS) return ['*'];
  return indices.map((name) => createHash('sha256').update(name).digest('base64url').slice(0, 6));
}

/** How many of the jobs, from the first on, one update may enter; at least one. */
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

/** Whatever Temporal answers instead: the same question may be answered later. */
function unavailable(error: unknown): SnapkeepError {
  return new SnapkeepError('temporal_unavailable', `Temporal did not answer: ${(error as Error).message}`, {
    cause: error,
  });
}
