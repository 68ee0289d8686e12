import { randomBytes } from 'node:crypto';
import { WithStartWorkflowOperation, WorkflowIdConflictPolicy } from '@temporalio/client';
import { type retainSnapshotsWorkflow, type runPolicyWorkflow } from '../../../workflows';
import { isSnapkeepError } from '../../contracts/errors';
import { type Policy, type PolicyKind } from '../../contracts/jobs/policy';
import { acceptedUpdate } from '../../contracts/jobs/workflow-messages';
import { workflowIds } from '../../contracts/workflow-ids';
import { policySnapshotName } from '../../elasticsearch/policy-snapshot-name';
import { type Health } from '../start/health';
import { type JobStarter } from '../start/start-job';
import { waitWhileHealthy } from '../start/wait-while-healthy';
import { type TemporalCalls } from '../temporal/temporal-calls';
import { asSnapkeepError, isWorkflowMissing } from '../temporal/temporal-failures';

/** Runs policies at once, whatever their schedules say. */
export class PolicyRunner {
  constructor(
    private readonly calls: TemporalCalls,
    private readonly health: Health,
    private readonly starter: JobStarter,
    private readonly taskQueue: string,
  ) {}

  /**
   * Starts a run and returns the name of its snapshot, when lists show it or it has failed. Like in Elasticsearch, the
   * failure of a run shows in the policy. Throws the error of the component that is down.
   */
  async run(policy: Policy): Promise<string> {
    const { kind, id, repository } = policy;
    const snapshot = policySnapshotName(policy, Date.now());
    const { client } = this.calls;
    const { retryWindowMs } = this.starter.jobOptions();
    const workflowId = `${workflowIds.policyRun(kind, id)}/${randomBytes(6).toString('hex')}`;
    const started = async (): Promise<void> => {
      const run = await client.workflow.startUpdateWithStart(acceptedUpdate, {
        waitForStage: 'ACCEPTED',
        startWorkflowOperation: new WithStartWorkflowOperation<typeof runPolicyWorkflow>('runPolicyWorkflow', {
          workflowId,
          taskQueue: this.taskQueue,
          args: [{ kind, id, snapshot, retryWindowMs }],
          staticSummary: `snapshot by policy ${id}`.slice(0, 180),
          workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL,
        }),
      });
      await run.result();
      this.calls.worker.record();
    };
    const accepted = async (): Promise<void> => {
      const job = client.workflow.getHandle(workflowIds.snapshot(repository, snapshot));
      await job.executeUpdate(acceptedUpdate);
    };
    try {
      await waitWhileHealthy(this.health, (signal) => client.withAbortSignal(signal, started));
    } catch (error) {
      // The caller hears that nothing was started, so nothing may start when the component is back.
      await this.calls.quick(() => client.workflow.getHandle(workflowId).cancel()).catch(() => undefined);
      throw asSnapkeepError(error);
    }
    try {
      await waitWhileHealthy(this.health, (signal) => client.withAbortSignal(signal, accepted));
    } catch (error) {
      // A job that has ended or was refused shows in the policy.
      const reason = asSnapkeepError(error);
      if (!isWorkflowMissing(error) && isSnapkeepError(reason) && reason.retryable) throw reason;
    }
    return snapshot;
  }

  /** Starts the retention of all policies of a kind, unless it runs. Returns without waiting for its end. */
  async retain(kind: PolicyKind): Promise<void> {
    const { retryWindowMs } = this.starter.jobOptions();
    await this.calls.quick(() =>
      this.calls.client.workflow.start<typeof retainSnapshotsWorkflow>('retainSnapshotsWorkflow', {
        workflowId: `${workflowIds.retention(kind)}now`,
        taskQueue: this.taskQueue,
        args: [{ kind, retryWindowMs }],
        staticSummary: 'delete expired snapshots',
        workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
      }),
    );
  }
}
