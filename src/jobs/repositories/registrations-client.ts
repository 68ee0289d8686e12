import { WorkflowIdConflictPolicy } from '@temporalio/client';
import { type repositoriesWorkflow } from '../../../workflows';
import { Turns } from '../../concurrency/turns';
import { repositoryMissing } from '../../contracts/common-errors';
import {
  deleteRepositoryUpdate,
  pingQuery,
  putRepositoryUpdate,
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
import { REPOSITORIES_WORKFLOW_ID } from '../../contracts/workflow-ids';
import { type Health } from '../start/health';
import { KeptWorkflow } from '../start/kept-workflow';
import { type TemporalCalls } from '../temporal/temporal-calls';

/** Concurrent updates of the workflow. Temporal takes ten of one workflow, from all front doors together. */
const VERIFYING_AT_ONCE = 4;
const CHANGING_AT_ONCE = 2;

/**
 * Reads and changes the registrations of repositories, which `repositoriesWorkflow` keeps. Reading needs no worker,
 * because the workflow shows them in its memo; a change does.
 */
export class RegistrationsClient {
  private readonly verifying = new Turns(VERIFYING_AT_ONCE);
  private readonly changing = new Turns(CHANGING_AT_ONCE);

  private readonly kept: KeptWorkflow;

  constructor(
    private readonly calls: TemporalCalls,
    private readonly taskQueue: string,
    health: Health,
  ) {
    this.kept = new KeptWorkflow(calls, health, REPOSITORIES_WORKFLOW_ID, () => this.startWorkflow());
  }

  /** Returns all registrations, with every change that was acknowledged before the call. */
  async list(): Promise<readonly Registration[]> {
    return registrationsIn((await this.calls.describe(REPOSITORIES_WORKFLOW_ID))?.memo);
  }

  /** Returns one registration. Throws `repository_missing_exception` when there is none of that name. */
  async get(name: string): Promise<Registration> {
    const found = (await this.list()).find((one) => one.name === name);
    if (found === undefined) throw repositoryMissing(name);
    return found;
  }

  /**
   * Makes a worker check the store. Returns undefined if the worker asked for does not poll. Throws the reason when the
   * store can't be used.
   */
  async verify(call: VerifyRegistration): Promise<VerifiedStore | undefined> {
    return this.kept.update(this.verifying, (handle) => handle.executeUpdate(verifyRepositoryUpdate, { args: [call] }));
  }

  /** Registers or replaces. Throws `repository_settings_invalid` when the registrations would exceed their bounds. */
  async put(registration: NewRegistration): Promise<Registration> {
    return this.kept.update(this.changing, (handle) =>
      handle.executeUpdate(putRepositoryUpdate, { args: [registration] }),
    );
  }

  /** Unregisters. Returns whether the name was registered. */
  async delete(name: string): Promise<boolean> {
    return this.kept.update(this.changing, (handle) => handle.executeUpdate(deleteRepositoryUpdate, { args: [name] }));
  }

  /**
   * Checks within about `ms` that a worker answers. Throws `worker_unavailable` or `temporal_unavailable` when none
   * does.
   */
  async askWorker(ms: number): Promise<void> {
    if ((await this.calls.query(REPOSITORIES_WORKFLOW_ID, pingQuery, ms)) !== undefined) return;
    await this.startWorkflow();
    await this.calls.query(REPOSITORIES_WORKFLOW_ID, pingQuery, ms);
  }

  /** Starts the workflow. If it was terminated, the new one begins with the registrations that the old one kept. */
  private async startWorkflow(): Promise<void> {
    const kept = await this.list();
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
