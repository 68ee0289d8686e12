import { untilAborted } from '../src/blobs/on-abort';
import { Coalescer } from '../src/contracts/coalescer';
import { isSnapkeepError, SnapkeepError } from '../src/contracts/errors';
import {
  type BeginSnapshotResult,
  type CopyGroupInput,
  type GroupResult,
  type JobRepository,
  type ShardResult,
  type SnapshotOutcome,
  type SnapshotRequest,
  type StoredObject,
} from '../src/contracts/jobs';
import { findSnapshotByUuid, findSnapshot } from '../src/repository/root';
import { commitSnapshot } from '../src/repository/commit-snapshot';
import { changedShards, groupShards, type JobPlan, readPlan, writePlan } from '../src/repository/plan';
import { deleteLeftovers, rollbackSnapshot } from '../src/repository/orphans';
import { buildManifest } from './build-manifest';
import { copyAtOnce } from './copy-at-once';
import { type Dependencies } from './dependencies';
import { keepResults, readResults } from './group-results';
import { claimsOf, type Ledger } from './ledger';
import { planSnapshot } from './plan-snapshot';
import { refuseReadonly } from './readonly';
import { isRepeated, runActivity } from './run';

/** Which snapshot of which repository an activity works for. */
export interface SnapshotJob {
  readonly repository: JobRepository;
  readonly snapshot: string;
  readonly uuid: string;
  readonly partial: boolean;
}

export function snapshotActivities({ cluster, pool }: Dependencies, ledger: Ledger) {
  const shared = new Coalescer();

  /**
   * Commits, then tells the ledger: the snapshot is in the catalogue before it stops being a running one.
   * `leftovers`: the job may have written what the snapshot does not refer to.
   */
  const commit = async (
    call: SnapshotJob,
    plan: JobPlan,
    results: readonly ShardResult[],
    { leftovers, signal }: { leftovers: boolean; signal: AbortSignal },
  ): Promise<SnapshotOutcome> => {
    const { catalogue, write } = ledger.open(call.repository);
    const manifest = buildManifest(plan, results, call.partial);
    const entry = await commitSnapshot(catalogue, manifest, { compress: write.compress, signal });
    await Promise.all([
      leftovers ? deleteLeftovers(catalogue, call.uuid, { signal }) : undefined,
      ledger.endJob(call.repository),
    ]);
    return {
      state: entry.state,
      indices: manifest.indices.length,
      shards: entry.shards,
      documents: entry.documents,
      addedObjects: manifest.totals.addedObjects,
      addedBytes: entry.addedBytes,
      endMillis: entry.endMillis,
    };
  };

  return {
    /**
     * Finds out what has to be copied. Where that is nothing, or next to nothing, copies and commits at once. Registers the
     * job with the repository's ledger before it looks at the catalogue, so that no sweep takes away what the plan builds on.
     */
    beginSnapshot: (
      call: SnapshotJob & { startMillis: number; request: SnapshotRequest },
    ): Promise<BeginSnapshotResult> =>
      runActivity(async ({ signal }) => {
        const repository = ledger.open(call.repository);
        const { store, catalogue, write } = repository;
        refuseReadonly(call.repository.name, write.readonly);
        const { indices: expression, ignoreUnavailable, expandWildcards } = call.request;
        // A burst of snapshots asks the cluster once.
        const [info, indices] = await Promise.all([
          untilAborted(
            shared.ask('info', () => cluster.info()),
            signal,
          ),
          untilAborted(
            shared.ask(JSON.stringify([expression, ignoreUnavailable, expandWildcards]), () =>
              cluster.resolveIndices(expression, { ignoreUnavailable, expandWildcards }),
            ),
            signal,
          ),
        ]);
        const names = indices.map((index) => index.name);
        const { granted } = await ledger.beginJob(call.repository, {
          kind: 'snapshot',
          snapshot: call.snapshot,
          snapshotUuid: call.uuid,
          claims: claimsOf(names),
          startMillis: call.startMillis,
        });
        if (!granted) return { kind: 'queued' };
        const [root, states] = await Promise.all([catalogue.readRoot({ signal }), cluster.shardStates(names, signal)]);
        if (findSnapshotByUuid(root, call.uuid) === undefined && findSnapshot(root, call.snapshot) !== undefined) {
          throw new SnapkeepError(
            'snapshot_name_already_in_use_exception',
            `[${call.repository.name}:${call.snapshot}] Invalid snapshot name [${call.snapshot}], snapshot with the same name already exists`,
            { details: { repository: call.repository.name, snapshot: call.snapshot } },
          );
        }
        const plan = await planSnapshot({ call, info, indices, states, root, catalogue, signal });
        const changed = changedShards(plan);
        const copied = await copyAtOnce(cluster, pool, {
          repository,
          uuid: call.uuid,
          shards: changed,
          states,
          signal,
        });
        if (copied !== undefined) {
          try {
            return {
              kind: 'committed',
              outcome: await commit(call, plan, copied, { leftovers: isRepeated(), signal }),
            };
          } catch (error) {
            // Somebody committed the same indices in this moment: the next try of this activity plans on top of that.
            if (isSnapkeepError(error, 'base_changed')) throw new SnapkeepError('store_unavailable', error.message);
            throw error;
          }
        }
        const shards = plan.indices.flatMap((index) => index.shards);
        return {
          kind: 'planned',
          plan: await writePlan(store, plan, { compress: write.compress, signal }),
          groups: groupShards(changed),
          counts: {
            indices: plan.indices.length,
            shards: shards.length,
            unchangedShards: shards.filter((shard) => shard.kind === 'unchanged').length,
            failedShards: shards.filter((shard) => shard.kind === 'failed').length,
          },
        };
      }),

    /** Keeps the results of a group's shards in the bucket, for the commit. */
    keepGroupResults: (call: CopyGroupInput & { results: readonly ShardResult[] }): Promise<GroupResult> =>
      runActivity(async ({ signal }) => {
        const { store, write } = ledger.open(call.repository);
        return keepResults(store, call.uuid, call.results, { compress: write.compress, signal });
      }),

    /**
     * Makes the snapshot visible, whole. Throws `base_changed` (final for this activity; the job plans again) when a
     * snapshot it does not build on came first.
     */
    commitSnapshot: (
      call: SnapshotJob & { plan: StoredObject; results: readonly GroupResult[] },
    ): Promise<SnapshotOutcome> =>
      runActivity(async ({ signal }) => {
        const { store } = ledger.open(call.repository);
        const [plan, results] = await Promise.all([
          readPlan(store, call.plan, { signal }),
          readResults(store, call.results, { signal }),
        ]);
        return commit(call, plan, results, { leftovers: true, signal });
      }),

    /** Deletes all the snapshot wrote. Harmless when it wrote nothing, and when it was rolled back before. */
    rollbackSnapshot: (call: SnapshotJob & { jobEnds: boolean; fence: boolean }): Promise<void> =>
      runActivity(async ({ signal }) => {
        try {
          const { catalogue } = ledger.open(call.repository);
          await rollbackSnapshot(catalogue, call.uuid, { neverTried: !call.fence, signal });
        } catch (error) {
          // Without the repository there is nothing this job could have left in it.
          if (!isSnapkeepError(error, 'repository_missing_exception')) throw error;
        }
        if (call.jobEnds) await ledger.endJob(call.repository);
      }),
  };
}
