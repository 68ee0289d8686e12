import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { repositoryMissing, repositoryReadonly, temporalUnavailable } from '../src/contracts/common-errors';
import { ERROR_TABLE, isSnapkeepError } from '../src/contracts/errors';
import { MAX_DELETED } from '../src/contracts/jobs/deletion';
import { type JobRepository } from '../src/contracts/jobs/job';
import {
  type BegunRun,
  type ExpiredSnapshots,
  policiesIn,
  type Policy,
  type PolicyKey,
  type WriteSchedules,
} from '../src/contracts/jobs/policy';
import { registrationsIn } from '../src/contracts/registration';
import { POLICIES_WORKFLOW_ID, REPOSITORIES_WORKFLOW_ID } from '../src/contracts/workflow-ids';
import { policySnapshotName } from '../src/elasticsearch/policy-snapshot-name';
import { checkSnapshotName } from '../src/elasticsearch/snapshot-name-rules';
import { initRoot } from '../src/repository/catalogue/init-root';
import { newSnapshotUuid } from '../src/repository/format/keys';
import { runActivity, thisJob } from './activity-shell';
import { type Dependencies } from './dependencies';
import { expiredSnapshots } from './expired-snapshots';
import { PolicySchedules } from './policy-schedules';

/** The activities of policies, on the control queue. Repeating any of them is harmless. */
export function policyActivities({ client, repositories, jobOptions, slmRetentionSchedule }: Dependencies) {
  const schedules = (): PolicySchedules =>
    new PolicySchedules(client, jobOptions().retryWindowMs, slmRetentionSchedule);

  /** Binds the repository of a policy to its place, as it is registered now. Throws `repository_missing_exception`. */
  const bind = async (name: string, signal: AbortSignal): Promise<JobRepository> => {
    const registration = registrationsIn(await memoOf(client, REPOSITORIES_WORKFLOW_ID)).find(
      (one) => one.name === name,
    );
    if (registration === undefined) throw repositoryMissing(name);
    const { catalogue, write } = repositories.open(registration);
    if (write.readonly) throw repositoryReadonly(name);
    return { ...registration, place: (await initRoot(catalogue, { signal })).uuid };
  };

  return {
    /** Prepares a snapshot of a policy by what the policy and the registration say now. */
    beginPolicyRun: (call: PolicyKey & { snapshot?: string }): Promise<BegunRun> =>
      runActivity(async ({ signal }) => {
        const policy = await policyOf(client, call);
        if (policy === undefined) return { kind: 'gone' };
        const startMillis = Date.now();
        let snapshot = call.snapshot ?? policy.snapshotName;
        try {
          snapshot = call.snapshot ?? policySnapshotName(policy, startMillis);
          const repository = await bind(policy.repository, signal);
          checkSnapshotName(repository.name, snapshot);
          const uuid = newSnapshotUuid();
          const input = { repository, snapshot, uuid, startMillis, request: policy.request, options: jobOptions() };
          return { kind: 'begun', input, timeLimitMs: policy.timeLimitMs };
        } catch (error) {
          if (!isSnapkeepError(error) || error.retryable) throw error;
          return { kind: 'refused', snapshot, type: ERROR_TABLE[error.code].type, reason: error.message };
        }
      }),

    /** Returns the ids of the policies that delete snapshots: all of a kind, or the one that is named. */
    findRetentions: ({ kind, id }: Pick<PolicyKey, 'kind'> & { id?: string }): Promise<{ ids: string[] }> =>
      runActivity(async () => {
        const policies = policiesIn(await memoOf(client, POLICIES_WORKFLOW_ID));
        const chosen = policies.filter((one) => one.kind === kind && (id === undefined || one.id === id));
        return { ids: chosen.filter((one) => one.retention !== undefined).map((one) => one.id) };
      }),

    /** Returns the snapshots that a policy does not keep, the oldest first, as many as one job deletes. */
    findExpired: (call: PolicyKey): Promise<ExpiredSnapshots | undefined> =>
      runActivity(async ({ signal }) => {
        const policy = await policyOf(client, call);
        if (policy?.retention === undefined) return undefined;
        const repository = await bind(policy.repository, signal);
        const root = await repositories.open(repository).catalogue.readRoot({ signal });
        const expired = expiredSnapshots(policy, policy.retention, root.snapshots, Date.now());
        const snapshots = expired.slice(0, MAX_DELETED).map(({ snapshot: name, uuid }) => ({ name, uuid }));
        return { repository, snapshots, options: jobOptions() };
      }),

    /** Brings about the schedules of policies. */
    writeSchedules: (call: WriteSchedules): Promise<void> =>
      runActivity(() => schedules().write(call, thisJob().taskQueue)),

    deleteSchedules: (call: PolicyKey): Promise<void> => runActivity(() => schedules().deleteOf(call)),
  };
}

async function policyOf(client: Client, { kind, id }: PolicyKey): Promise<Policy | undefined> {
  return policiesIn(await memoOf(client, POLICIES_WORKFLOW_ID)).find((one) => one.kind === kind && one.id === id);
}

/** Returns the memo of a workflow, which shows what it keeps; undefined if it never ran. */
async function memoOf(client: Client, workflowId: string): Promise<Record<string, unknown> | undefined> {
  try {
    return (await client.workflow.getHandle(workflowId).describe()).memo;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw temporalUnavailable((error as Error).message, error);
  }
}
