import { WorkflowIdConflictPolicy } from '@temporalio/client';
import { type policiesWorkflow } from '../../../workflows';
import { Turns } from '../../concurrency/turns';
import {
  policiesIn,
  type Policy,
  policyField,
  type PolicyKey,
  type PolicyKind,
  type PutPolicy,
  SLM_FIELD,
  type SlmState,
  slmStateIn,
} from '../../contracts/jobs/policy';
import {
  deletePolicyUpdate,
  enablePolicyUpdate,
  putPolicyUpdate,
  runSlmUpdate,
} from '../../contracts/jobs/workflow-messages';
import { POLICIES_WORKFLOW_ID } from '../../contracts/workflow-ids';
import { type Health } from '../start/health';
import { KeptWorkflow } from '../start/kept-workflow';
import { type TemporalCalls } from '../temporal/temporal-calls';

/** Concurrent updates of the workflow. Temporal takes ten of one workflow, from all front doors together. */
const CHANGING_AT_ONCE = 4;

/** Reads and changes policies, which `policiesWorkflow` keeps. Reading needs no worker; a change does. */
export class PoliciesClient {
  private readonly changing = new Turns(CHANGING_AT_ONCE);
  private readonly kept: KeptWorkflow;

  constructor(
    private readonly calls: TemporalCalls,
    private readonly taskQueue: string,
    health: Health,
  ) {
    this.kept = new KeptWorkflow(calls, health, POLICIES_WORKFLOW_ID, () => this.startWorkflow());
  }

  /** Returns the policies of a kind, sorted by id, with every change that was acknowledged before the call. */
  async list(kind: PolicyKind): Promise<readonly Policy[]> {
    return policiesIn(await this.memo()).filter((policy) => policy.kind === kind);
  }

  async slm(): Promise<SlmState> {
    return slmStateIn(await this.memo());
  }

  /** Keeps a policy; returns when its schedules are there. Throws `version_conflict_engine_exception`. */
  async put(change: PutPolicy): Promise<Policy> {
    return this.kept.update(this.changing, (handle) => handle.executeUpdate(putPolicyUpdate, { args: [change] }));
  }

  /** Deletes a policy and its schedules. Returns it; undefined if it was not there. */
  async delete(key: PolicyKey): Promise<Policy | undefined> {
    return this.kept.update(this.changing, (handle) => handle.executeUpdate(deletePolicyUpdate, { args: [key] }));
  }

  /** Resumes or pauses the schedules of a policy. Returns whether it is there. */
  async enable(key: PolicyKey, enabled: boolean): Promise<boolean> {
    return this.kept.update(this.changing, (handle) =>
      handle.executeUpdate(enablePolicyUpdate, { args: [{ ...key, enabled }] }),
    );
  }

  /** Resumes or pauses the schedules of all SLM policies. */
  async runSlm(running: boolean): Promise<void> {
    await this.kept.update(this.changing, (handle) => handle.executeUpdate(runSlmUpdate, { args: [{ running }] }));
  }

  private async memo(): Promise<Record<string, unknown> | undefined> {
    return (await this.calls.describe(POLICIES_WORKFLOW_ID))?.memo;
  }

  /** Starts the workflow. If it was terminated, the new one begins with the policies that the old one kept. */
  private async startWorkflow(): Promise<void> {
    const before = await this.memo();
    const memo = Object.fromEntries(policiesIn(before).map((policy) => [policyField(policy), policy]));
    await this.calls.quick(() =>
      this.calls.client.workflow.start<typeof policiesWorkflow>('policiesWorkflow', {
        workflowId: POLICIES_WORKFLOW_ID,
        taskQueue: this.taskQueue,
        args: [{ seqNo: 0 }],
        memo: { ...memo, [SLM_FIELD]: slmStateIn(before) },
        staticSummary: 'snapshot policies',
        workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
      }),
    );
  }
}
