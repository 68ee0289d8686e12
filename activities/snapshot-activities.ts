import { Coalescer } from '../src/concurrency/coalescer';
import { untilAborted } from '../src/concurrency/on-abort';
import { invalidSnapshotName, repositoryReadonly } from '../src/contracts/common-errors';
import { isSnapkeepError, SnapkeepError } from '../src/contracts/errors';
import { type CopyGroupInput, type GroupResult, type ShardResult } from '../src/contracts/jobs/copy';
import { type JobOptions, type JobRepository } from '../src/contracts/jobs/job';
import { type JobOutcome } from '../src/contracts/jobs/ledger';
import { type BeginSnapshotResult, type SnapshotOutcome, type SnapshotRequest } from '../src/contracts/jobs/snapshot';
import { type ObjectRef } from '../src/contracts/stored';
import { findSnapshot, findSnapshotByUuid } from '../src/repository/catalogue/root';
import { announceBuilding } from '../src/repository/committing/announce-building';
import { commitFailedSnapshot } from '../src/repository/committing/commit-failed-snapshot';
import { commitSnapshot } from '../src/repository/committing/commit-snapshot';
import { deleteLeftovers, rollbackSnapshot } from '../src/repository/deletion/orphans';
import { type RootEntry, type SnapshotManifest } from '../src/repository/format/format';
import { buildFailedManifest, buildManifest } from '../src/snapshotting/build-manifest';
import { copyAtOnce } from '../src/snapshotting/copy-at-once';
import { keepResults, readResults } from '../src/snapshotting/group-results';
import { basesOf, changedShards, groupShards, type JobPlan, readPlan, writePlan } from '../src/snapshotting/job-plan';
import { planSnapshot } from '../src/snapshotting/plan-snapshot';
import { isRepeated, runActivity } from './activity-shell';
import { type Dependencies } from './dependencies';
import { claimsOf, type Ledger } from './ledger-client';

/** Which snapshot of which repository an activity works for. */
export interface SnapshotJob {
  readonly repository: JobRepository;
  readonly snapshot: string;
  readonly uuid: string;
  readonly partial: boolean;
  readonly options: JobOptions;
}

type BeginSnapshot = SnapshotJob & { readonly startMillis: number; readonly request: SnapshotRequest };

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
      ledger.endJob(call.repository, { state: entry.state }),
    ]);
    return outcomeOf(entry, manifest);
  };

  /** `touch` is called before the first step that a roll-back would have to fence. */
  const begin = async (
    call: BeginSnapshot,
    { repeated, touch, signal }: { repeated: boolean; touch: () => void; signal: AbortSignal },
  ): Promise<BeginSnapshotResult> => {
    const repository = ledger.open(call.repository);
    const { store, catalogue, write } = repository;
    if (write.readonly) throw repositoryReadonly(call.repository.name);
    const { indices: expression, ignoreUnavailable, expandWildcards } = call.request;
    // A burst of snapshots asks the cluster once.
    const asked = shared.ask('info', () => cluster.info());
    const resolved = shared.ask(JSON.stringify([expression, ignoreUnavailable, expandWildcards]), () =>
      cluster.resolveIndices(expression, { ignoreUnavailable, expandWildcards }, undefined, asked),
    );
    const [info, indices] = await untilAborted(Promise.all([asked, resolved]), signal);
    const names = indices.map((index) => index.name);
    const job = {
      kind: 'snapshot' as const,
      snapshot: call.snapshot,
      snapshotUuid: call.uuid,
      claims: claimsOf(names),
      startMillis: call.startMillis,
    };
    const { granted } = await ledger.beginJob(call, job);
    if (!granted) return { kind: 'queued', mayHaveCommitted: repeated };
    const [root, states] = await Promise.all([catalogue.readRoot({ signal }), cluster.shardStates(names, signal)]);
    if (findSnapshotByUuid(root, call.uuid) === undefined && findSnapshot(root, call.snapshot) !== undefined) {
      const problem = 'snapshot with the same name already exists';
      const code = 'snapshot_name_already_in_use_exception';
      throw invalidSnapshotName(call.repository.name, call.snapshot, problem, code);
    }
    const plan = await planSnapshot({ call, info, indices, states, root, catalogue, cluster, signal });
    const changed = changedShards(plan);
    const copied = await copyAtOnce(cluster, pool, {
      repository,
      uuid: call.uuid,
      shards: changed,
      reader: cluster.readerOf(info),
      states,
      signal,
    });
    if (copied !== undefined) {
      touch();
      const outcome = await commit(call, plan, copied, { leftovers: repeated, signal });
      return { kind: 'committed', outcome };
    }
    // A job that takes long says what it builds on: to its ledger, and in the root to other installations.
    const reads = basesOf(plan);
    if (reads.length > 0) {
      touch();
      await announceBuilding(catalogue, { uuid: call.uuid, reads }, { signal });
    }
    await ledger.beginJob(call, { ...job, reads });
    const shards = plan.indices.flatMap((index) => index.shards);
    return {
      kind: 'planned',
      mayHaveCommitted: repeated || reads.length > 0,
      plan: await writePlan(store, plan, { compress: write.compress, signal }),
      groups: groupShards(changed),
      counts: {
        indices: plan.indices.length,
        shards: shards.length,
        unchangedShards: shards.filter((shard) => shard.kind === 'unchanged').length,
        failedShards: shards.filter((shard) => shard.kind === 'failed').length,
      },
    };
  };

  return {
    /**
     * Finds out what has to be copied. Where that is nothing, or next to nothing, copies and commits at once. Registers the
     * job with the repository's ledger before it looks at the catalogue, so that no sweep takes away what the plan builds on.
     * A failure before anything was touched says so in its details: then there is nothing to fence.
     */
    beginSnapshot: (call: BeginSnapshot): Promise<BeginSnapshotResult> =>
      runActivity(async ({ signal }) => {
        const repeated = isRepeated();
        let touched = repeated;
        const touch = (): void => {
          touched = true;
        };
        try {
          return await begin(call, { repeated, touch, signal });
        } catch (error) {
          if (touched || !isSnapkeepError(error)) throw error;
          throw new SnapkeepError(error.code, error.message, {
            details: { ...error.details, untouched: true },
            cause: error,
          });
        }
      }),

    /** Keeps the results of a group's shards in the bucket, for the commit. */
    keepGroupResults: (call: CopyGroupInput & { results: readonly ShardResult[] }): Promise<GroupResult> =>
      runActivity(async ({ signal }) => {
        const { store, write } = ledger.open(call.repository);
        return keepResults(store, call.uuid, call.results, { compress: write.compress, signal });
      }),

    /**
     * Makes the snapshot visible, whole. Throws `base_changed` (the job plans again) when a snapshot it does not build on
     * came first, or what it builds on is being swept.
     */
    commitSnapshot: (
      call: SnapshotJob & { plan: ObjectRef; results: readonly GroupResult[] },
    ): Promise<SnapshotOutcome> =>
      runActivity(async ({ signal }) => {
        const { store } = ledger.open(call.repository);
        const [plan, results] = await Promise.all([
          readPlan(store, call.plan, { signal }),
          readResults(store, call.results, { signal }),
        ]);
        return commit(call, plan, results, { leftovers: true, signal });
      }),

    /**
     * Commits a snapshot that failed after it was accepted: without data, as FAILED, with the reason. What it had copied
     * is deleted. Throws what {@link commitFailedSnapshot} throws.
     */
    failSnapshot: (
      call: SnapshotJob & { plan?: ObjectRef; startMillis: number; request: SnapshotRequest; reason: string },
    ): Promise<SnapshotOutcome> =>
      runActivity(async ({ signal }) => {
        const { store, catalogue, write } = ledger.open(call.repository);
        const plan = call.plan === undefined ? undefined : await readPlan(store, call.plan, { signal });
        const manifest = buildFailedManifest(call, plan, call.reason);
        const entry = await commitFailedSnapshot(catalogue, manifest, { compress: write.compress, signal });
        await ledger.endJob(call.repository, { state: entry.state, reason: call.reason });
        return outcomeOf(entry, manifest);
      }),

    /** Deletes all the snapshot wrote. Harmless when it wrote nothing, and when it was rolled back before. */
    rollbackSnapshot: (call: SnapshotJob & { fence: boolean; outcome: JobOutcome }): Promise<void> =>
      runActivity(async ({ signal }) => {
        const { catalogue } = ledger.open(call.repository);
        const { committed } = await rollbackSnapshot(catalogue, call.uuid, { fence: call.fence, signal });
        // An attempt of its commit came through before the roll-back.
        await ledger.endJob(call.repository, committed ? { state: 'SUCCESS' } : call.outcome);
      }),
  };
}

function outcomeOf(entry: RootEntry, manifest: SnapshotManifest): SnapshotOutcome {
  return {
    state: entry.state,
    indices: manifest.indices.length,
    shards: entry.shards,
    documents: entry.documents,
    addedObjects: manifest.totals.addedObjects,
    addedBytes: entry.addedBytes,
    endMillis: entry.endMillis,
  };
}
