import { isCancellation, log } from '@temporalio/workflow';
import { type CloneSnapshotInput } from '../src/contracts/jobs/clone';
import { type SnapshotOutcome } from '../src/contracts/jobs/snapshot';
import { isUntouched, reasonOf } from './job-failures';
import { runJob, showState } from './job-shell';
import { controlActivities } from './profiles';

/**
 * Clones a snapshot: one step that commits a second name for its shards. The caller is answered when the clone is in
 * the catalogue. Failed or cancelled, it leaves nothing, and throws the failure of the step.
 */
export async function cloneSnapshotWorkflow(input: CloneSnapshotInput): Promise<SnapshotOutcome> {
  const { repository, snapshot, uuid, options } = input;
  const names = { repository: repository.name, source: input.source, snapshot, uuid };
  return runJob({
    run: async (acceptance) => {
      const outcome = await controlActivities(options, `clone ${input.source}`).cloneSnapshot(input);
      acceptance.accept();
      log.info('snapshot cloned', names);
      showState(options, outcome.state);
      return outcome;
    },
    giveUp: async (error) => {
      const reason = reasonOf(error);
      log.warn('clone gives up', { ...names, reason });
      const outcome = { state: isCancellation(error) ? 'ABORTED' : 'FAILED', reason } as const;
      try {
        const fence = !isUntouched(error);
        const job = { repository, snapshot, uuid, partial: false, options, views: [] };
        await controlActivities(options, 'roll back').rollbackSnapshot({ ...job, fence, outcome });
      } catch (failure) {
        log.error('clone could not be rolled back; the next sweep does it', { ...names, reason: reasonOf(failure) });
      }
      return undefined;
    },
  });
}
