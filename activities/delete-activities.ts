import { repositoryReadonly } from '../src/contracts/common-errors';
import { type CleanupOutcome } from '../src/contracts/jobs/cleanup';
import { type JobRepository, NO_PROGRESS } from '../src/contracts/jobs/job';
import { type JobOutcome, type SweepOutcome } from '../src/contracts/jobs/ledger';
import { cleanupRepository, rollbackSnapshot } from '../src/repository/deletion/orphans';
import { markSweeping, removeSnapshots } from '../src/repository/deletion/remove-snapshots';
import { sweepMarked } from '../src/repository/deletion/sweep';
import { runActivity } from './activity-shell';
import { type JobCall, type Ledger } from './ledger-client';

/**
 * The activities that delete snapshots, sweep places and clean them up, on the control queue. Repeating any of them is
 * harmless.
 */
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

    /**
     * Deletes what neither the root nor a running job reaches, and takes the job off its ledger. A repeated attempt
     * deletes the rest, and counts it alone.
     */
    cleanUp: (call: JobCall & { startMillis: number }): Promise<CleanupOutcome> =>
      runActivity(async ({ signal, progress }) => {
        const { repository, startMillis } = call;
        const { catalogue, write } = ledger.open(repository);
        if (write.readonly) throw repositoryReadonly(repository.name);
        await ledger.beginJob(call, { kind: 'cleanup', snapshot: '', claims: [], reads: [], startMillis });
        const done = await cleanupRepository(catalogue, {
          running: () => ledger.runningSnapshots(repository),
          signal,
          onProgress: () => progress(NO_PROGRESS),
        });
        await ledger.endJob(repository, { state: 'SUCCESS' });
        return { deletedObjects: done.objects, deletedBytes: done.bytes };
      }, call.options.retryWindowMs),

    /** Takes a clean-up that failed or was cancelled off its ledger. */
    endCleanup: (call: { repository: JobRepository; outcome: JobOutcome }): Promise<void> =>
      runActivity(() => ledger.endJob(call.repository, call.outcome)),

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
