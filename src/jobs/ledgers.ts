import { WorkflowIdConflictPolicy, type WorkflowStartOptions } from '@temporalio/client';
import { SnapkeepError } from '../contracts/errors';
import { LEDGER_MEMO, newLedger, type ShownJobs } from '../contracts/ledger';
import { type JobRepository } from '../contracts/jobs';
import { type PutRegistration, type Registration } from '../contracts/registration';
import { REPOSITORIES_WORKFLOW_ID, workflowIds } from '../contracts/workflow-ids';
import { type repositoriesWorkflow, type repositoryWorkflow } from '../../workflows';
import { deleteRepositoryUpdate, putRepositoryUpdate, repositoriesQuery } from '../../workflows/messages';
import { asSnapkeepError, isWorkflowMissing } from './failures';
import { type Patience } from './patience';
import { type TemporalCalls } from './temporal-calls';

const NO_JOBS: ShownJobs = { running: [], ended: [] };

/**
 * The two kinds of workflow that never end: the registrations of all repositories, and per repository who works on it.
 * They are started when they are first needed, and again should somebody have terminated them.
 */
export class Ledgers {
  private readonly started = new Set<string>();

  constructor(
    private readonly calls: TemporalCalls,
    private readonly taskQueue: string,
    private readonly patience: Patience,
  ) {}

  /** In at most about `ms`, unless the workflow that keeps them has to be started first. */
  async registrations(ms?: number): Promise<readonly Registration[]> {
    const answer = await this.calls.query(REPOSITORIES_WORKFLOW_ID, repositoriesQuery, [], ms);
    if (answer !== undefined) return answer;
    await this.startRegistrations();
    return (await this.calls.query(REPOSITORIES_WORKFLOW_ID, repositoriesQuery, [], ms)) ?? [];
  }

  /** Throws `repository_missing_exception`. */
  async registration(name: string): Promise<Registration> {
    const found = (await this.registrations()).find((one) => one.name === name);
    if (found === undefined) throw repositoryMissing(name);
    return found;
  }

  async put(change: PutRegistration): Promise<Registration> {
    return this.updateRegistrations(() =>
      this.calls.client.workflow
        .getHandle(REPOSITORIES_WORKFLOW_ID)
        .executeUpdate(putRepositoryUpdate, { args: [change] }),
    );
  }

  /** Whether there was such a registration. */
  async delete(name: string): Promise<boolean> {
    return this.updateRegistrations(() =>
      this.calls.client.workflow
        .getHandle(REPOSITORIES_WORKFLOW_ID)
        .executeUpdate(deleteRepositoryUpdate, { args: [name] }),
    );
  }

  /** The jobs of a place as its ledger shows them, without a worker. A place nobody worked on has none. */
  async jobs(place: string): Promise<ShownJobs> {
    const described = await this.calls.quick(() =>
      this.calls.client.workflow.getHandle(workflowIds.repository(place)).describe(),
    );
    return (described?.memo?.[LEDGER_MEMO] as ShownJobs | undefined) ?? NO_JOBS;
  }

  /** Makes sure that jobs of the place can be entered and granted. Once per process, then free of cost. */
  async ready({ name, place }: JobRepository): Promise<void> {
    const workflowId = workflowIds.repository(place);
    if (this.started.has(workflowId)) return;
    await this.start<typeof repositoryWorkflow>('repositoryWorkflow', {
      workflowId,
      taskQueue: this.taskQueue,
      args: [newLedger(place)],
      staticSummary: `jobs of repository ${name}`,
    });
  }

  private async updateRegistrations<Result>(update: () => Promise<Result>): Promise<Result> {
    if (!this.started.has(REPOSITORIES_WORKFLOW_ID)) await this.startRegistrations();
    const attempt = (): Promise<Result> =>
      this.patience.wait((signal) => this.calls.client.withAbortSignal(signal, update));
    try {
      return await attempt();
    } catch (error) {
      if (!isWorkflowMissing(error)) throw asSnapkeepError(error);
    }
    await this.startRegistrations();
    try {
      return await attempt();
    } catch (error) {
      throw asSnapkeepError(error);
    }
  }

  private async startRegistrations(): Promise<void> {
    await this.start<typeof repositoriesWorkflow>('repositoriesWorkflow', {
      workflowId: REPOSITORIES_WORKFLOW_ID,
      taskQueue: this.taskQueue,
      args: [{ revision: 0, registrations: [] }],
      staticSummary: 'registered repositories',
    });
  }

  private async start<T extends typeof repositoriesWorkflow | typeof repositoryWorkflow>(
    type: string,
    options: WorkflowStartOptions<T>,
  ): Promise<void> {
    await this.calls.quick(() =>
      this.calls.client.workflow.start<T>(type, {
        ...options,
        workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
      }),
    );
    this.started.add(options.workflowId);
  }
}

export function repositoryMissing(name: string): SnapkeepError {
  return new SnapkeepError('repository_missing_exception', `[${name}] missing`, { details: { repository: name } });
}
