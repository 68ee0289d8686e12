import { repositoryReadonly } from '../src/contracts/common-errors';
import { type JobRepository } from '../src/contracts/jobs/job';
import { type SweepOutcome } from '../src/contracts/jobs/ledger';
import { rollbackSnapshot } from '../src/repository/deletion/orphans';
import { markSweeping, removeSnapshots } from '../src/repository/deletion/remove-snapshots';
import { sweepMarked } from '../src/repository/deletion/sweep';
import { runActivity } from './activity-shell';
import { type Dependencies } from './dependencies';
import { type JobCall, type Ledger } from './ledger-client';

export function deleteActivities(_deps: Dependencies, ledger: Ledger) {
  return {
    /** Takes the snapshots out of the catalogue; those that are not there are no error. One commit of the root. */
    removeSnapshots: (call: { repository: JobRepository; uuids: readonly string[] }): Promise<void> =>
      runActivity(async ({ signal }) => {
        const { catalogue, write } = ledger.open(call.repository);
        if (write.readonly) throw repositoryReadonly(call.repository.name);
        await removeSnapshots(catalogue, call.uuids, { signal });
      }),

    /** Asks the place's ledger for a sweep. The calling workflow is signalled when it is over. */
    requestSweep: (call: JobCall): Promise<void> => runActivity(() => ledger.requestSweep(call)),

    /** Marks the removed snapshots that no running job needs: nothing may build on them any more. */
    markRemoved: (call: { repository: JobRepository; inUse: readonly string[] }): Promise<void> =>
      runActivity(async ({ signal }) => {
        const { catalogue } = ledger.open(call.repository);
        await markSweeping(catalogue, { inUse: new Set(call.inUse) }, { signal });
      }),

    /** Deletes what the marked snapshots leave behind. Can be repeated at any point. */
    sweepRemoved: (call: JobCall): Promise<SweepOutcome> =>
      runActivity(async ({ signal, progress }) => {
        const { catalogue } = ledger.open(call.repository);
        const { objects, bytes, left } = await sweepMarked(catalogue, {
          signal,
          onProgress: (done) => progress({ documents: 0, objects: done.objects, bytes: done.bytes }),
        });
        return { deletedObjects: objects, deletedBytes: bytes, left };
      }, call.options.retryWindowMs),

    /** Undoes snapshots whose jobs ended without doing it themselves. Can be repeated at any point. */
    rollBackStranded: (call: JobCall & { uuids: readonly string[] }): Promise<void> =>
      runActivity<void, number>(async ({ signal, resumeFrom = 0, advance }) => {
        const { catalogue } = ledger.open(call.repository);
        for (let i = resumeFrom; i < call.uuids.length; i++) {
          await rollbackSnapshot(catalogue, call.uuids[i], { signal });
          advance(i + 1);
        }
      }, call.options.retryWindowMs),
  };
}
