/** What activities ask of the workflow that knows who works on a place. */
import { createHash } from 'node:crypto';
import {
  type Client,
  WithStartWorkflowOperation,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { SnapkeepError } from '../src/contracts/errors';
import { type JobOptions, type JobRepository } from '../src/contracts/jobs';
import { type BeginJobResult, type JobOutcome, type LedgerJob, MAX_CLAIMS, newLedger } from '../src/contracts/ledger';
import { workflowIds } from '../src/contracts/workflow-ids';
import { type OpenRepositories, type OpenRepository } from '../src/registrations/open-repositories';
import { type repositoryWorkflow } from '../workflows';
import { beginJobUpdate, endJobSignal, requestSweepSignal } from '../workflows/messages';
import { thisJob } from './run';

/** The repository and options that a job was accepted with. */
export interface JobCall {
  readonly repository: JobRepository;
  readonly options: JobOptions;
}

export class Ledger {
  constructor(
    private readonly client: Client,
    private readonly repositories: OpenRepositories,
  ) {}

  /** The repository as it was registered when the job was accepted. */
  open(repository: JobRepository): OpenRepository {
    return this.repositories.open(repository);
  }

  /**
   * Enters the calling job in the ledger of its place, or changes its entry. Asking again for a job is harmless. Throws
   * `concurrent_snapshot_execution_exception` when too many jobs work on the place.
   */
  beginJob(
    { repository, options }: JobCall,
    job: Omit<LedgerJob, 'workflowId' | 'repository'>,
  ): Promise<BeginJobResult> {
    const { workflowId } = thisJob();
    const { readonly } = this.open(repository).write;
    const begin = {
      job: { ...job, workflowId, repository: repository.name },
      sweeper: readonly ? undefined : { repository, options },
    };
    return asked(
      this.client.workflow.executeUpdateWithStart(beginJobUpdate, {
        args: [begin],
        startWorkflowOperation: new WithStartWorkflowOperation<typeof repositoryWorkflow>('repositoryWorkflow', {
          ...startOptions(repository),
          workflowIdConflictPolicy: 'USE_EXISTING',
        }),
      }),
    );
  }

  /** Takes the calling job off the ledger. Harmless when the job is not known any more. */
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

  /** Asks for a sweep of the place; the calling workflow is signalled when it is over. */
  async requestSweep({ repository, options }: JobCall): Promise<void> {
    const { workflowId } = thisJob();
    await asked(
      this.client.workflow.signalWithStart('repositoryWorkflow', {
        ...startOptions(repository),
        signal: requestSweepSignal,
        signalArgs: [{ workflowId, repository, options }],
      }),
    );
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

function startOptions({ name, place }: JobRepository) {
  return {
    workflowId: workflowIds.repository(place),
    args: [newLedger(place)] as [ReturnType<typeof newLedger>],
    taskQueue: thisJob().taskQueue,
    staticSummary: `jobs of repository ${name}`,
  };
}

async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure) throw error.cause;
    throw unavailable(error);
  }
}

/** Whatever Temporal answers instead: the same question may be answered later. */
function unavailable(error: unknown): SnapkeepError {
  return new SnapkeepError('temporal_unavailable', `Temporal did not answer: ${(error as Error).message}`, {
    cause: error,
  });
}
