/**
 * Deleting snapshots. They are gone from the catalogue at once; what nothing else references is swept once the jobs
 * that were running then (and may read it) have ended. Repeating any step is harmless.
 */
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import { type DeleteOutcome, type DeleteSnapshotsInput } from '../src/contracts/jobs';
import { JOB_STATE } from '../src/contracts/search-attributes';
import { Acceptance } from './acceptance';
import { jobFailure } from './failures';
import { jobGrantedSignal } from './messages';
import { controlActivities } from './profiles';

export async function deleteSnapshotsWorkflow(input: DeleteSnapshotsInput): Promise<DeleteOutcome> {
  const acceptance = new Acceptance();
  const { repository, snapshots, options } = input;
  let granted = false;
  setHandler(jobGrantedSignal, () => {
    granted = true;
  });
  try {
    const { removed } = await controlActivities(options, 'remove from the catalogue').removeSnapshots({
      repository,
      snapshots,
    });
    acceptance.accept();
    // From here on the snapshots are gone; a cancel must not leave their objects behind.
    const outcome = await CancellationScope.nonCancellable(async () => {
      const turn = await controlActivities(options, 'wait for running jobs').awaitSweepTurn({ repository, removed });
      if (!turn.granted) await condition(() => granted);
      return controlActivities(options, 'sweep').sweepSnapshots({ repository, removed });
    });
    if (options.searchAttributes) upsertSearchAttributes([{ key: JOB_STATE, value: 'SUCCESS' }]);
    await condition(allHandlersFinished);
    return outcome;
  } catch (error) {
    const failure = jobFailure(error);
    acceptance.refuse(failure);
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
    throw failure;
  }
}
