import { condition, isCancellation, log, setHandler } from '@temporalio/workflow';
import { type CleanupInput, type CleanupOutcome } from '../src/contracts/jobs/cleanup';
import { sweptSignal } from '../src/contracts/jobs/workflow-messages';
import { reasonOf } from './job-failures';
import { runJob, showState } from './job-shell';
import { controlActivities, longActivities } from './profiles';

/** Time that the job waits for the sweep of deleted snapshots, ms, before it looks for what else is left. */
const SWEEP_WAIT_MS = 10_000;

/**
 * Deletes what nothing refers to: first what deleted snapshots leave behind, by a sweep of the place's ledger, then the
 * objects of jobs that ended without a roll-back and of superseded attempts. Other jobs may run meanwhile: what they
 * write is spared. Repeating any step is harmless; cancelled, it leaves the rest.
 */
export async function cleanupRepositoryWorkflow(input: CleanupInput): Promise<CleanupOutcome> {
  const { repository, startMillis, options } = input;
  let swept = false;
  setHandler(sweptSignal, () => {
    swept = true;
  });
  return runJob({
    run: async (acceptance) => {
      acceptance.accept();
      await controlActivities(options, 'ask for a sweep').requestSweep({ repository, options });
      await condition(() => swept, SWEEP_WAIT_MS);
      const outcome = await longActivities('delete what nothing refers to').cleanUp({
        repository,
        startMillis,
        options,
      });
      log.info('repository cleaned up', { repository: repository.name, ...outcome });
      showState(options, 'SUCCESS');
      return outcome;
    },
    giveUp: async (error) => {
      const reason = reasonOf(error);
      log.warn('clean-up gives up', { repository: repository.name, reason });
      const outcome = { state: isCancellation(error) ? 'ABORTED' : 'FAILED', reason } as const;
      await controlActivities(options, 'leave the ledger')
        .endCleanup({ repository, outcome })
        .catch(() => undefined);
      return undefined;
    },
  });
}
