import { type DeleteOutcome, type JobRepository, type RemovedSnapshot } from '../src/contracts/jobs';
import { type BeginJobResult } from '../src/contracts/ledger';
import { removeSnapshots, toRemoved } from '../src/repository/commit-snapshot';
import { sweepSnapshot } from '../src/repository/sweep';
import { type Dependencies } from './dependencies';
import { type Ledger } from './ledger';
import { refuseReadonly } from './readonly';
import { runActivity } from './run';

export function deleteActivities(_deps: Dependencies, ledger: Ledger) {
  return {
    /**
     * Takes the snapshots of these very names out of the catalogue and returns what the sweep needs. The entries are part of the history before anything is removed from the bucket.
     */
    removeSnapshots: (call: {
      repository: JobRepository;
      snapshots: readonly string[];
    }): Promise<{ removed: readonly RemovedSnapshot[] }> =>
      runActivity<{ removed: readonly RemovedSnapshot[] }, readonly RemovedSnapshot[]>(
        async ({ signal, resumeFrom, advance }) => {
          const { catalogue, write } = ledger.open(call.repository);
          refuseReadonly(call.repository.name, write.readonly);
          // A try that committed and died before it could say so left what it was about to remove in its heartbeat.
          let removed = resumeFrom;
          if (removed === undefined) {
            const { snapshots } = await catalogue.readRoot({ signal });
            const names = new Set(call.snapshots);
            removed = snapshots
              .filter((entry) => names.has(entry.snapshot))
              .map((entry) => ({ snapshot: entry.snapshot, ...toRemoved(entry) }));
            advance(removed);
          }
          await removeSnapshots(
            catalogue,
            removed.map((one) => one.uuid),
            { signal },
          );
          return { removed };
        },
      ),

    /** Asks whether the sweep may begin; if not, `jobGranted` is signalled when it may. */
    awaitSweepTurn: (call: {
      repository: JobRepository;
      removed: readonly RemovedSnapshot[];
    }): Promise<BeginJobResult> =>
      runActivity(() =>
        ledger.beginJob(call.repository, {
          kind: 'delete',
          snapshot: call.removed[0]?.snapshot ?? '',
          claims: [],
          startMillis: Date.now(),
        }),
      ),

    /** Deletes what no snapshot uses any more. May be repeated at any point. */
    sweepSnapshots: (call: {
      repository: JobRepository;
      removed: readonly RemovedSnapshot[];
    }): Promise<DeleteOutcome> =>
      runActivity(async ({ signal }) => {
        const { catalogue } = ledger.open(call.repository);
        let deletedObjects = 0;
        let deletedBytes = 0;
        for (const snapshot of call.removed) {
          const swept = await sweepSnapshot(catalogue, snapshot, { signal });
          deletedObjects += swept.objects;
          deletedBytes += swept.bytes;
        }
        await ledger.endJob(call.repository);
        return { snapshots: call.removed.map((one) => one.snapshot), deletedObjects, deletedBytes };
      }),
  };
}
