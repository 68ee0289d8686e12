/** What activities ask of the workflow that knows who works on a place. */
import { createHash } from 'node:crypto';
import { type Client, WithStartWorkflowOperation, WorkflowNotFoundError } from '@temporalio/client';
import { SnapkeepError } from '../src/contracts/errors';
import { type JobRepository } from '../src/contracts/jobs';
import { type BeginJobResult, type LedgerJob, MAX_CLAIMS } from '../src/contracts/ledger';
import { workflowIds } from '../src/contracts/workflow-ids';
import { type OpenRepositories, type OpenRepository } from '../src/registrations/open-repositories';
import { type repositoryWorkflow } from '../workflows';
import { beginJobUpdate, endJobSignal } from '../workflows/messages';
import { thisJob } from './run';

export class Ledger {
  constructor(
    private readonly client: Client,
    private readonly repositories: OpenRepositories,
  ) {}

  /** The repository as it was registered when the job was accepted. */
  open(repository: JobRepository): OpenRepository {
    return this.repositories.open(repository);
  }

  /** Enters the calling job in the ledger of its place, or changes its entry. Asking again for a job is harmless. */
  beginJob(repository: JobRepository, job: Omit<LedgerJob, 'workflowId' | 'repository'>): Promise<BeginJobResult> {
    const { workflowId, taskQueue } = thisJob();
    const start = new WithStartWorkflowOperation<typeof repositoryWorkflow>('repositoryWorkflow', {
      workflowId: workflowIds.repository(repository.place),
      args: [{ place: repository.place, running: [], waiting: [], restores: [] }],
      taskQueue,
      workflowIdConflictPolicy: 'USE_EXISTING',
      staticSummary: `jobs of repository ${repository.name}`,
    });
    return asked(
      this.client.workflow.executeUpdateWithStart(beginJobUpdate, {
        args: [{ ...job, workflowId, repository: repository.name }],
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
