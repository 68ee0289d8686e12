import { CancellationScope, condition, getExternalWorkflowHandle, log, setHandler } from '@temporalio/workflow';
import { type SweepInput, type SweepOutcome } from '../src/contracts/jobs/ledger';
import {
  markEndedSignal,
  markGrantedSignal,
  markWantedSignal,
  sweepEndedSignal,
} from '../src/contracts/jobs/workflow-messages';
import { workflowIds } from '../src/contracts/workflow-ids';
import { jobFailure, reasonOf } from './job-failures';
import { controlActivities, longActivities } from './profiles';

/**
 * Sweeps a place: rolls back stranded snapshots, then deletes what removed snapshots leave behind and no other snapshot
 * uses (FORMAT.md, "Deleting"). The place's ledger starts it, one at a time, and holds new jobs back while it marks.
 *
 * Ends when everything deletable is deleted, and reports to the ledger. Cancelled or failed, it reports that too and
 * throws; it can end anywhere, because the root holds all that the next sweep needs.
 */
export async function sweepRepositoryWorkflow(input: SweepInput): Promise<SweepOutcome> {
  const { repository, options, stranded } = input;
  const ledger = getExternalWorkflowHandle(workflowIds.repository(repository.place));
  let inUse: readonly string[] | undefined;
  setHandler(markGrantedSignal, (granted) => {
    inUse = granted.inUse;
  });
  try {
    if (stranded.length > 0) {
      await longActivities('roll back stranded snapshots').rollBackStranded({
        repository,
        options,
        uuids: stranded,
      });
    }
    await ledger.signal(markWantedSignal);
    await condition(() => inUse !== undefined);
    await controlActivities(options, 'mark').markRemoved({ repository, inUse: inUse ?? [] });
    await ledger.signal(markEndedSignal);
    const outcome = await longActivities('sweep').sweepRemoved({ repository, options });
    await ledger.signal(sweepEndedSignal, { left: outcome.left, rolledBack: stranded, failed: false });
    return outcome;
  } catch (error) {
    log.warn('sweep failed; it is made again later', { repository: repository.name, reason: reasonOf(error) });
    // Without the report, the ledger would go on holding jobs back.
    await CancellationScope.nonCancellable(() =>
      ledger.signal(sweepEndedSignal, { left: 1, rolledBack: [], failed: true }).catch(() => undefined),
    );
    throw jobFailure(error);
  }
}
