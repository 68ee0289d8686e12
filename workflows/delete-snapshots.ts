/**
 * Deleting snapshots. They leave the catalogue at once, whoever works on the repository; what nothing else uses is swept
 * by the place's ledger, when no running job builds on it or reads it. Repeating any step is harmless.
 */
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  log,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import { type DeleteOutcome, type DeleteSnapshotsInput } from '../src/contracts/jobs/deletion';
import { sweptSignal } from '../src/contracts/jobs/workflow-messages';
import { JOB_STATE } from '../src/contracts/search-attributes';
import { jobFailure, reasonOf } from './failures';
import { JobAcceptance } from './job-acceptance';
import { controlActivities } from './profiles';

/** How long the job waits for the sweep: whoever deletes wants to see the bucket shrink, but the snapshots are gone. */
const SWEEP_WAIT_MS = 10_000;

export async function deleteSnapshotsWorkflow(input: DeleteSnapshotsInput): Promise<DeleteOutcome> {
  const acceptance = new JobAcceptance();
  const { repository, snapshots, options } = input;
  let swept: boolean | undefined;
  setHandler(sweptSignal, (answer) => {
    swept = answer.swept;
  });
  try {
    try {
      await controlActivities(options, 'remove from the catalogue').removeSnapshots({
        repository,
        uuids: snapshots.map(({ uuid }) => uuid),
      });
      acceptance.accept();
    } finally {
      // Also where the removal failed or was cancelled: it may have been committed all the same.
      await CancellationScope.nonCancellable(() =>
        controlActivities(options, 'ask for a sweep').requestSweep({ repository, options }),
      );
    }
    log.info('snapshots removed', { repository: repository.name, snapshots: snapshots.length });
    await CancellationScope.nonCancellable(() => condition(() => swept !== undefined, SWEEP_WAIT_MS));
    if (options.searchAttributes) upsertSearchAttributes([{ key: JOB_STATE, value: 'SUCCESS' }]);
    await condition(allHandlersFinished);
    return { snapshots: snapshots.length, swept: swept ?? false };
  } catch (error) {
    log.warn('snapshots could not be removed', { repository: repository.name, reason: reasonOf(error) });
    const failure = jobFailure(error);
    acceptance.refuse(failure);
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
    throw failure;
  }
}
