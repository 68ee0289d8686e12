/** What activities ask of the two workflows that know the registrations and the running jobs. */
import { type Client, WithStartWorkflowOperation, WorkflowNotFoundError } from '@temporalio/client';
import { SnapkeepError } from '../src/contracts/errors';
import { type BeginJobResult, type RunningJob } from '../src/contracts/jobs';
import { type Registration } from '../src/contracts/registration';
import { REPOSITORIES_WORKFLOW_ID, workflowIds } from '../src/contracts/workflow-ids';
import { type OpenRepositories, type OpenRepository } from '../src/registrations/open-repositories';
import { type repositoryWorkflow } from '../workflows';
import { beginJobUpdate, endJobSignal, repositoriesQuery } from '../workflows/messages';

/** How long a registration is used before it is asked for again: new credentials reach running jobs within it. */
const REGISTRATION_MAX_AGE_MS = 2_000;

export class Ledger {
  private registrations: { at: number; list: readonly Registration[] } | undefined;

  constructor(
    private readonly client: Client,
    private readonly repositories: OpenRepositories,
  ) {}

  /** The repository as it is registered now. Throws `repository_missing_exception`. */
  async open(name: string): Promise<OpenRepository> {
    const isFresh = this.registrations !== undefined && Date.now() - this.registrations.at < REGISTRATION_MAX_AGE_MS;
    let found = isFresh ? this.find(name) : undefined;
    if (found === undefined) {
      const list = await asked(this.client.workflow.getHandle(REPOSITORIES_WORKFLOW_ID).query(repositoriesQuery));
      this.registrations = { at: Date.now(), list };
      found = this.find(name);
    }
    if (found === undefined) {
      throw new SnapkeepError('repository_missing_exception', `[${name}] missing`, { details: { repository: name } });
    }
    return this.repositories.open(found);
  }

  /** Enters the job in the repository's ledger; asking again for the same job is harmless. */
  beginJob(repository: string, job: RunningJob, taskQueue: string): Promise<BeginJobResult> {
    const start = new WithStartWorkflowOperation<typeof repositoryWorkflow>('repositoryWorkflow', {
      workflowId: workflowIds.repository(repository),
      args: [{ repository, running: [], waiting: [], restores: [] }],
      taskQueue,
      workflowIdConflictPolicy: 'USE_EXISTING',
      staticSummary: `jobs of repository ${repository}`,
    });
    return asked(
      this.client.workflow.executeUpdateWithStart(beginJobUpdate, { args: [job], startWorkflowOperation: start }),
    );
  }

  /** Harmless when the job is not known any more. */
  async endJob(repository: string, workflowId: string): Promise<void> {
    try {
      await this.client.workflow.getHandle(workflowIds.repository(repository)).signal(endJobSignal, { workflowId });
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

  private find(name: string): Registration | undefined {
    return this.registrations?.list.find((one) => one.name === name);
  }
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
