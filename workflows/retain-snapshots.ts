import { executeChild, getExternalWorkflowHandle, isCancellation, log, uuid4 } from '@temporalio/workflow';
import { type ExpiredSnapshots, type RetainInput, type RetentionEnded } from '../src/contracts/jobs/policy';
import { retentionEndedSignal } from '../src/contracts/jobs/workflow-messages';
import { POLICIES_WORKFLOW_ID, workflowIds } from '../src/contracts/workflow-ids';
import { childJobOptions } from './child-job';
import { deleteSnapshotsWorkflow } from './delete-snapshots';
import { reasonOf } from './job-failures';
import { controlActivities } from './profiles';

type Retained = RetentionEnded['policies'][number];

/** Jobs that delete snapshots of one policy in a row; each takes the most that a job can. */
const MAX_JOBS = 20;

/**
 * Deletes the snapshots that policies do not keep, by jobs as a front door starts them: of all SLM policies, or of one
 * other. A policy that fails does not keep the next from its turn. Ends with the last deletion; then `policiesWorkflow`
 * knows what came of it. Repeating it is harmless.
 */
export async function retainSnapshotsWorkflow(input: RetainInput): Promise<RetentionEnded> {
  const { kind } = input;
  const startMillis = Date.now();
  const { ids } = await controlActivities(input, 'find policies').findRetentions({ kind, id: input.id });
  const policies: Retained[] = [];
  for (const id of ids) policies.push(await retain(input, id));
  const ended = { kind, startMillis, endMillis: Date.now(), policies };
  try {
    await getExternalWorkflowHandle(POLICIES_WORKFLOW_ID).signal(retentionEndedSignal, ended);
  } catch (error) {
    if (isCancellation(error)) throw error;
    log.warn('a retention could not be noted', { kind, reason: reasonOf(error) });
  }
  return ended;
}

async function retain(input: RetainInput, id: string): Promise<Retained> {
  let deleted = 0;
  let expired: ExpiredSnapshots | undefined;
  try {
    for (let jobs = 0; jobs < MAX_JOBS; jobs++) {
      expired = await controlActivities(input, `expired of ${id}`).findExpired({ kind: input.kind, id });
      if (expired === undefined || expired.snapshots.length === 0) break;
      await deleteExpired(expired, id);
      deleted += expired.snapshots.length;
    }
    return { id, deleted, failures: 0 };
  } catch (error) {
    if (isCancellation(error)) throw error;
    log.warn('expired snapshots could not be deleted', { id, reason: reasonOf(error) });
    return { id, deleted, failures: expired?.snapshots.length ?? 0, failure: reasonOf(error).slice(0, 1_000) };
  }
}

async function deleteExpired(input: ExpiredSnapshots, id: string): Promise<void> {
  const token = uuid4().slice(0, 8);
  const repository = input.repository.name;
  const count = input.snapshots.length;
  await executeChild(deleteSnapshotsWorkflow, {
    ...childJobOptions({
      workflowId: workflowIds.deleteSnapshots(repository, token),
      kind: 'delete',
      repository,
      snapshot: input.snapshots[0]!.name,
      token,
      summary: `delete ${count} expired snapshots of ${id} in ${repository}`,
      options: input.options,
    }),
    args: [input],
  });
}
