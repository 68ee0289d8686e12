import {
  allHandlersFinished,
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  setCurrentDetails,
  startChild,
} from '@temporalio/workflow';
import { ERROR_TABLE } from '../src/contracts/errors';
import { type BegunRun, MAX_DETAILS, type PolicyRun, type RunPolicyInput } from '../src/contracts/jobs/policy';
import {
  type CreateSnapshotInput,
  shownAtStart,
  SNAPSHOT_MEMO,
  type SnapshotOutcome,
} from '../src/contracts/jobs/snapshot';
import { runEndedSignal } from '../src/contracts/jobs/workflow-messages';
import { POLICIES_WORKFLOW_ID, workflowIds } from '../src/contracts/workflow-ids';
import { childJobOptions } from './child-job';
import { createSnapshotWorkflow } from './create-snapshot';
import { JobAcceptance } from './job-acceptance';
import { codeOf, reasonOf } from './job-failures';
import { controlActivities } from './profiles';

/**
 * Takes one snapshot of a policy, by a job as a front door starts it. A schedule starts this, or a front door that
 * executes the policy; it is accepted once the job has started, or can't. Ends with the job; then `policiesWorkflow`
 * knows what came of it.
 *
 * Cancelled, it cancels the job, which is rolled back. Returns the run, undefined if the policy is not there any more.
 */
export async function runPolicyWorkflow(input: RunPolicyInput): Promise<PolicyRun | undefined> {
  const acceptance = new JobAcceptance();
  try {
    return await run(input, acceptance);
  } catch (error) {
    if (isCancellation(error)) throw error;
    return await report(input, failure(input.snapshot ?? '', typeOf(error), reasonOf(error)));
  } finally {
    acceptance.accept();
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  }
}

async function run(input: RunPolicyInput, acceptance: JobAcceptance): Promise<PolicyRun | undefined> {
  const begun = await begin(input);
  if (begun.kind === 'gone') return undefined;
  if (begun.kind === 'refused') return report(input, failure(begun.snapshot, begun.type, begun.reason));
  const { repository, snapshot } = begun.input;
  setCurrentDetails(`Policy **${input.id}** takes snapshot **${repository.name}/${snapshot}**`);
  const taken = await takeSnapshot(begun.input, begun.timeLimitMs, () => acceptance.accept());
  return report(input, taken);
}

function begin({ kind, id, snapshot, retryWindowMs }: RunPolicyInput): Promise<BegunRun> {
  return controlActivities({ retryWindowMs }, `begin ${id}`).beginPolicyRun({ kind, id, snapshot });
}

/** Waits for the snapshot, at most for the time limit of the policy. */
async function takeSnapshot(
  input: CreateSnapshotInput,
  timeLimitMs: number | undefined,
  onStart: () => void,
): Promise<PolicyRun> {
  const { repository, snapshot, uuid, startMillis, options } = input;
  let ended: { readonly outcome: SnapshotOutcome } | { readonly error: unknown } | undefined;
  try {
    const child = await startChild(createSnapshotWorkflow, {
      ...childJobOptions({
        workflowId: workflowIds.snapshot(repository.name, snapshot),
        kind: 'snapshot',
        repository: repository.name,
        snapshot,
        token: uuid,
        memo: { [SNAPSHOT_MEMO]: shownAtStart(input) },
        summary: `snapshot ${repository.name}/${snapshot}`,
        options,
      }),
      args: [input],
    });
    onStart();
    child.result().then(
      (outcome) => {
        ended = { outcome };
      },
      (error: unknown) => {
        ended = { error };
      },
    );
    await waitFor(() => ended !== undefined, timeLimitMs);
  } catch (error) {
    if (isCancellation(error)) await CancellationScope.nonCancellable(() => condition(() => ended !== undefined));
    throw error;
  }
  if (ended === undefined) {
    return failure(
      snapshot,
      'snapshot_exception',
      `[${repository.name}:${snapshot}] exceeded the time limit of its policy`,
    );
  }
  if ('error' in ended) return failure(snapshot, typeOf(ended.error), reasonOf(ended.error));
  const { outcome } = ended;
  if (outcome.shards.failed === 0 && outcome.state === 'SUCCESS') {
    return { snapshot, startMillis, endMillis: outcome.endMillis };
  }
  const { failed, total } = outcome.shards;
  return failure(
    snapshot,
    'snapshot_exception',
    `[${repository.name}:${snapshot}] failed to create snapshot successfully, ${failed} out of ${total} total shards failed`,
  );
}

async function waitFor(isReached: () => boolean, ms: number | undefined): Promise<void> {
  if (ms === undefined) await condition(isReached);
  else await condition(isReached, ms);
}

/** Tells `policiesWorkflow` of the run. If it is not there, somebody stopped it: then nobody asks. */
async function report({ kind, id }: RunPolicyInput, run: PolicyRun): Promise<PolicyRun> {
  try {
    await getExternalWorkflowHandle(POLICIES_WORKFLOW_ID).signal(runEndedSignal, { kind, id, run });
  } catch (error) {
    if (isCancellation(error)) throw error;
    log.warn('the run of a policy could not be noted', { kind, id, reason: reasonOf(error) });
  }
  return run;
}

function failure(snapshot: string, type: string, reason: string): PolicyRun {
  const details = JSON.stringify({ type, reason }).slice(0, MAX_DETAILS);
  return { snapshot, endMillis: Date.now(), details };
}

function typeOf(error: unknown): string {
  return ERROR_TABLE[codeOf(error) ?? 'internal'].type;
}
