import { repositoryReadonly } from '../src/contracts/common-errors';
import { type JobRepository } from '../src/contracts/jobs/job';
import { type SweepOutcome } from '../src/contracts/jobs/ledger';
import { rollbackSnapshot } from '../src/repository/deletion/orphans';
import { markSweeping, removeSnapshots } from '../src/repository/deletion/remove-snapshots';
import { sweepMarked } from '../src/repository/deletion/sweep';
import { runActivity } from './activity-shell';
import { type JobCall, type Ledger } from './ledger-client';

/** The activities that delete snapshots and sweep places, on the control queue. Repeating any of them is harmless. */
export function deleteActivities(ledger: Ledger) {
  return {
    /** Removes the snapshots from the catalogue, in one commit of the root. Missing ones are no error. */
    removeSnapshots: (call: { repository: JobRepository; uuids: readonly string[] }): Promise<void> =>
      runActivity(async ({ signal }) => {
        const { catalogue, write } = ledger.open(call.repository);
        if (write.readonly) throw repositoryReadonly(call.repository.name);
        await removeSnapshots(catalogue, call.uuids, { signal });
      }),

    /** Asks the place's ledger for a sweep. The ledger signals the calling workflow when the sweep has ended. */
    requestSweep: (call: JobCall): Promise<void> => runActivity(() => ledger.requestSweep(call)),

    /** Marks the removed snapshots that no running job uses: nothing may build on them from then on. */
    markRemoved: (call: { repository: JobRepository; inUse: readonly string[] }): Promise<void> =>
      runActivity(async ({ signal }) => {
        const { catalogue } = ledger.open(call.repository);
        await markSweeping(catalogue, { inUse: new Set(call.inUse) }, { signal });
      }),

    /**
     * Deletes what only the marked snapshots use. Can end anywhere: a repeated attempt deletes the rest. Its failure is
     * final once it had no progress for the job's retry window.
     */
    sweepRemoved: (call: JobCall): Promise<SweepOutcome> =>
      runActivity(async ({ signal, progress }) => {
        const { catalogue } = ledger.open(call.repository);
        const { objects, bytes, left } = await sweepMarked(catalogue, {
          signal,
          onProgress: (done) => progress({ documents: 0, objects: done.objects, bytes: done.bytes }),
        });
        return { deletedObjects: objects, deletedBytes: bytes, left };
      }, call.options.retryWindowMs),

    /** Rolls back snapshots whose jobs ended without doing it. A repeated attempt goes on behind the last one done. */
    rollBackStranded: (call: JobCall & { uuids: readonly string[] }): Promise<void> =>
      runActivity<void, number>(async ({ signal, resumeFrom = 0, advance }) => {
        const { catalogue } = ledger.open(call.repository);
        for (const [i, uuid] of call.uuids.entries()) {
          if (i < resumeFrom) continue;
          await rollbackSnapshot(catalogue, uuid, { signal });
          advance(i + 1);
        }
      }, call.options.retryWindowMs),
  };
}
