import { CancellationScope, condition, log, setHandler } from '@temporalio/workflow';
import { type DeleteOutcome, type DeleteSnapshotsInput } from '../src/contracts/jobs/deletion';
import { sweptSignal } from '../src/contracts/jobs/workflow-messages';
import { type JobAcceptance } from './job-acceptance';
import { reasonOf } from './job-failures';
import { runJob, showState } from './job-shell';
import { controlActivities } from './profiles';

/** Time that the job waits for the sweep, ms: who deletes wants to see the bucket shrink. */
const SWEEP_WAIT_MS = 10_000;

/**
 * Deletes snapshots. They leave the catalogue in one commit, whatever other jobs work on the repository; the caller is
 * answered then. The place's ledger sweeps what nothing else uses, once no running job builds on it or reads it. Ends
 * when that sweep has ended, or after {@link SWEEP_WAIT_MS}. Repeating any step is harmless.
 *
 * Cancelled, or failed, it still asks for the sweep, because the removal may have been committed; then it throws the
 * cancellation, or the failure of the removal.
 */
export async function deleteSnapshotsWorkflow(input: DeleteSnapshotsInput): Promise<DeleteOutcome> {
  const { repository, snapshots, options } = input;
  let swept: boolean | undefined;
  setHandler(sweptSignal, (answer) => {
    swept = answer.swept;
  });
  return runJob({
    run: async (acceptance) => {
      await remove(input, acceptance);
      log.info('snapshots removed', { repository: repository.name, snapshots: snapshots.length });
      await CancellationScope.nonCancellable(() => condition(() => swept !== undefined, SWEEP_WAIT_MS));
      showState(options, 'SUCCESS');
      return { snapshots: snapshots.length, swept: swept ?? false };
    },
    giveUp: async (error) => {
      log.warn('snapshots could not be removed', { repository: repository.name, reason: reasonOf(error) });
      return undefined;
    },
  });
}

async function remove({ repository, snapshots, options }: DeleteSnapshotsInput, acceptance: JobAcceptance) {
  try {
    await controlActivities(options, 'remove from the catalogue').removeSnapshots({
      repository,
      uuids: snapshots.map(({ uuid }) => uuid),
    });
    acceptance.accept();
  } finally {
    // Even if the removal failed or was cancelled, it may have been committed.
    await CancellationScope.nonCancellable(() =>
      controlActivities(options, 'ask for a sweep').requestSweep({ repository, options }),
    );
  }
}
