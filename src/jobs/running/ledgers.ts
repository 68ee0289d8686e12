import { WorkflowIdConflictPolicy } from '@temporalio/client';
import { type repositoriesWorkflow } from '../../../workflows';
import { Turns } from '../../concurrency/turns';
import { repositoryMissing } from '../../contracts/common-errors';
import { LEDGER_MEMO, type ShownJobs } from '../../contracts/jobs/ledger';
import {
  deleteRepositoryUpdate,
  pingQuery,
  putRepositoryUpdate,
  retireSignal,
  verifyRepositoryUpdate,
} from '../../contracts/jobs/workflow-messages';
import {
  type NewRegistration,
  type Registration,
  registrationField,
  registrationsIn,
  type VerifiedStore,
  type VerifyRegistration,
} from '../../contracts/registration';
import { REPOSITORIES_WORKFLOW_ID, workflowIds } from '../../contracts/workflow-ids';
import { type Health } from '../start/health';
import { waitWhileHealthy } from '../start/wait-while-healthy';
import { asSnapkeepError, isWorkflowMissing } from '../temporal/failures';
import { type TemporalCalls } from '../temporal/temporal-calls';

/** Updates of the registrations at once: Temporal takes ten of one workflow, whatever front doors they come from. */
const VERIFYING_AT_ONCE = 4;
const CHANGING_AT_ONCE = 2;

const NO_JOBS: ShownJobs = { running: [], ended: [] };

/**
 * The two kinds of workflow that never end: the registrations of all repositories, and per place who works on it. Both
 * show what they know in their memo, which is read without a worker.
 */
export class Ledgers {
  private readonly verifying = new Turns(VERIFYING_AT_ONCE);
  private readonly changing = new Turns(CHANGING_AT_ONCE);

  constructor(
    private readonly calls: TemporalCalls,
    private readonly taskQueue: string,
    private readonly health: Health,
  ) {}

  /** Every change that was acknowledged before is in it. */
  async registrations(): Promise<readonly Registration[]> {
    return registrationsIn((await this.calls.describe(REPOSITORIES_WORKFLOW_ID))?.memo);
  }

  /** Throws `repository_missing_exception`. */
  async registration(name: string): Promise<Registration> {
    const found = (await this.registrations()).find((one) => one.name === name);
    if (found === undefined) throw repositoryMissing(name);
    return found;
  }

  /** Lets a worker try the store. Throws why it can't be used. */
  async verify(call: VerifyRegistration): Promise<VerifiedStore> {
    return this.update(this.verifying, (handle) => handle.executeUpdate(verifyRepositoryUpdate, { args: [call] }));
  }

  /** Throws `repository_settings_invalid` when it is one registration, or one byte, too many. */
  async put(registration: NewRegistration): Promise<Registration> {
    return this.update(this.changing, (handle) => handle.executeUpdate(putRepositoryUpdate, { args: [registration] }));
  }

  /** Returns whether there was such a registration. */
  async delete(name: string): Promise<boolean> {
    return this.update(this.changing, (handle) => handle.executeUpdate(deleteRepositoryUpdate, { args: [name] }));
  }

  /** The jobs of a place as its ledger shows them, without a worker. A place nobody worked on has none. */
  async jobs(place: string): Promise<ShownJobs> {
    const described = await this.calls.describe(workflowIds.repository(place));
    return (described?.memo?.[LEDGER_MEMO] as ShownJobs | undefined) ?? NO_JOBS;
  }

  /** Lets the ledger of a place end once nobody works there; it is started again for the next job. */
  async retire(place: string): Promise<void> {
    await this.calls.signal(workflowIds.repository(place), retireSignal, []);
  }

  /** Asks what only a worker can answer, in about `ms`. Throws which part does not answer. */
  async askWorker(ms: number): Promise<void> {
    if ((await this.calls.query(REPOSITORIES_WORKFLOW_ID, pingQuery, ms)) !== undefined) return;
    await this.startRegistrations();
    await this.calls.query(REPOSITORIES_WORKFLOW_ID, pingQuery, ms);
  }

  private async update<Result>(
    turns: Turns,
    change: (handle: ReturnType<TemporalCalls['client']['workflow']['getHandle']>) => Promise<Result>,
  ): Promise<Result> {
    const attempt = async (): Promise<Result> => {
      const { client } = this.calls;
      const handle = client.workflow.getHandle(REPOSITORIES_WORKFLOW_ID);
      const result = await waitWhileHealthy(this.health, (signal) =>
        turns.take(signal, () => client.withAbortSignal(signal, () => change(handle))),
      );
      this.calls.worker.record();
      return result;
    };
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

  /** Starts the workflow that keeps them; should somebody have terminated it, with all it kept. */
  private async startRegistrations(): Promise<void> {
    const kept = await this.registrations();
    await this.calls.quick(() =>
      this.calls.client.workflow.start<typeof repositoriesWorkflow>('repositoriesWorkflow', {
        workflowId: REPOSITORIES_WORKFLOW_ID,
        taskQueue: this.taskQueue,
        args: [{ revision: 0 }],
        memo: Object.fromEntries(kept.map((one) => [registrationField(one.name), one])),
        staticSummary: 'registered repositories',
        workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
      }),
    );
  }
}
