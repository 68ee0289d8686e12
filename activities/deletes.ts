import { type BeginJobResult, type DeleteOutcome, type RemovedSnapshot } from '../src/contracts/jobs';
import { selectSnapshots } from '../src/contracts/index-expression';
import { markSweeping, removeSnapshots } from '../src/repository/remove-snapshots';
import { sweepMarked } from '../src/repository/sweep';
import { type Dependencies } from './dependencies';
import { type Ledger } from './ledger';
import { refuseReadonly } from './readonly';
import { runActivity, thisJob } from './run';

export function deleteActivities(_deps: Dependencies, ledger: Ledger) {
  return {
    /**
     * Takes the snapshots out of the catalogue and returns what the sweep needs. Throws `snapshot_missing_exception`
     * for a name that is not there. The entries are part of the history before anything is removed from the bucket.
     */
    removeSnapshots: (call: {
      repository: string;
      snapshots: readonly string[];
    }): Promise<{ removed: readonly RemovedSnapshot[] }> =>
      runActivity<{ removed: readonly RemovedSnapshot[] }, readonly RemovedSnapshot[]>(
        async ({ signal, resumeFrom, advance }) => {
          const { catalogue, write } = await ledger.open(call.repository);
          refuseReadonly(call.repository, write.readonly);
          // A try that committed and died before it could say so left what it was about to remove in its heartbeat.
          let removed = resumeFrom;
          if (removed === undefined) {
            const { snapshots } = await catalogue.readRoot({ signal });
            const names = new Set(
              selectSnapshots(
                snapshots.map((entry) => entry.snapshot),
                call.snapshots,
                call.repository,
              ),
            );
            removed = snapshots
              .filter((entry) => names.has(entry.snapshot))
              .map(({ snapshot, uuid, order, manifest }) => ({ snapshot, uuid, order, manifest }));
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
    awaitSweepTurn: (call: { repository: string; removed: readonly RemovedSnapshot[] }): Promise<BeginJobResult> =>
      runActivity(() => {
        const { workflowId, taskQueue } = thisJob();
        return ledger.beginJob(
          call.repository,
          {
            workflowId,
            kind: 'delete',
            snapshots: call.removed.map((one) => one.snapshot),
            indices: [],
            startMillis: Date.now(),
          },
          taskQueue,
        );
      }),

    /** Deletes what no snapshot uses any more. May be repeated at any point. */
    sweepSnapshots: (call: { repository: string; removed: readonly RemovedSnapshot[] }): Promise<DeleteOutcome> =>
      runActivity(async ({ signal }) => {
        const { catalogue } = await ledger.open(call.repository);
        // The turn was awaited: nothing runs that may build on these or read them. Others have their own turn.
        const due = new Set(call.removed.map((one) => one.uuid));
        const { removed } = await catalogue.readRoot({ signal });
        const inUse = new Set(removed.map((one) => one.uuid).filter((uuid) => !due.has(uuid)));
        await markSweeping(catalogue, { inUse }, { signal });
        const { objects, bytes } = await sweepMarked(catalogue, { signal });
        await ledger.endJob(call.repository, thisJob().workflowId);
        return {
          snapshots: call.removed.map((one) => one.snapshot),
          deletedObjects: objects,
          deletedBytes: bytes,
        };
      }),
  };
}
