import { repositoryReadonly } from '../src/contracts/common-errors';
import { type CloneSnapshotInput } from '../src/contracts/jobs/clone';
import {
  type CopiedGroup,
  type CopiedShard,
  type CopyGroupInput,
  type GroupResult,
  type OpenedViews,
  type ShardResult,
} from '../src/contracts/jobs/copy';
import { type JobOptions, type JobRepository } from '../src/contracts/jobs/job';
import { type JobOutcome } from '../src/contracts/jobs/ledger';
import { type BeginSnapshotResult, type SnapshotOutcome, type SnapshotRequest } from '../src/contracts/jobs/snapshot';
import { type ObjectRef } from '../src/contracts/stored';
import { rollbackSnapshot } from '../src/repository/deletion/orphans';
import { beginSnapshot, markUntouched } from '../src/snapshotting/begin-snapshot';
import { cloneSnapshot } from '../src/snapshotting/clone-snapshot';
import { commitCopied, commitFailed } from '../src/snapshotting/commit-job';
import { IndexFinder } from '../src/snapshotting/find-indices';
import { keepCopied, keepGroupResults } from '../src/snapshotting/group-results';
import { readLists } from '../src/snapshotting/job-notes';
import { closeNotedViews, openRound } from '../src/snapshotting/view-rounds';
import { isRepeated, runActivity } from './activity-shell';
import { type Dependencies } from './dependencies';
import { claimsOf, type Ledger } from './ledger-client';

/** The snapshot and the repository that an activity works for. */
interface SnapshotJob {
  readonly repository: JobRepository;
  readonly snapshot: string;
  readonly uuid: string;
  readonly partial: boolean;
  readonly options: JobOptions;
}

/** A snapshot job with what was asked for. */
type AskedSnapshot = SnapshotJob & { readonly startMillis: number; readonly request: SnapshotRequest };

/** What a job that gives up had planned, and the lists of views that it may have left open. */
interface Abandoned {
  readonly plan?: ObjectRef;
  readonly views: readonly ObjectRef[];
}

/** The activities that begin, clone, commit and roll back snapshots, on the control queue. */
export function snapshotActivities({ cluster, pool, notes }: Dependencies, ledger: Ledger) {
  const finder = new IndexFinder(cluster);

  /** Enters the calling job in its ledger, or changes its entry. Returns whether it may go on. */
  const enterLedger = async (
    call: AskedSnapshot,
    indices: readonly string[],
    reads?: readonly string[],
  ): Promise<boolean> => {
    const { snapshot, uuid: snapshotUuid, startMillis } = call;
    const job = { kind: 'snapshot', snapshot, snapshotUuid, claims: claimsOf(indices), startMillis, reads } as const;
    return (await ledger.beginJob(call, job)).granted;
  };

  const closeAbandoned = async (call: SnapshotJob & Abandoned, signal: AbortSignal): Promise<void> => {
    const { store } = ledger.open(call.repository);
    if (call.plan !== undefined) await closeNotedViews(cluster, { store, notes }, { ...call, plan: call.plan }, signal);
  };

  return {
    /**
     * Enters the job in the ledger of its place and plans it. Copies and commits at once when next to nothing has to
     * be copied; else leaves the plan in the bucket. An error before anything was touched has `untouched` in its
     * details: a roll-back has nothing to fence then. Throws `snapshot_name_already_in_use_exception`.
     */
    beginSnapshot: (call: AskedSnapshot): Promise<BeginSnapshotResult> =>
      runActivity(({ signal }) => {
        const repeated = isRepeated();
        return markUntouched(repeated, async (onTouch) => {
          const repository = ledger.open(call.repository);
          if (repository.write.readonly) throw repositoryReadonly(call.repository.name);
          const found = await finder.find(call.request, signal);
          return beginSnapshot(
            {
              job: call,
              cluster,
              pool,
              repository,
              notes,
              repeated,
              signal,
              onTouch,
              enterLedger: (indices, reads) => enterLedger(call, indices, reads),
              onCommitted: (state) => ledger.endJob(call.repository, { state }),
            },
            found,
          );
        });
      }),

    /**
     * Clones a snapshot in one commit, and takes the job off the ledger. Repeating it is harmless. An error before
     * anything was written has `untouched` in its details. Throws what the engines refuse, see `cloneSnapshot`.
     */
    cloneSnapshot: (call: CloneSnapshotInput): Promise<SnapshotOutcome> =>
      runActivity(({ signal }) =>
        markUntouched(isRepeated(), async (onTouch) => {
          const { snapshot, uuid: snapshotUuid, startMillis } = call;
          // It reads nothing that a sweep could take away: the commit is refused unless the source is in the catalogue.
          const job = { kind: 'clone', snapshot, snapshotUuid, claims: [], reads: [], startMillis } as const;
          await ledger.beginJob(call, job);
          const outcome = await cloneSnapshot(call, { repository: ledger.open(call.repository), signal, onTouch });
          await ledger.endJob(call.repository, { state: outcome.state });
          return outcome;
        }),
      ),

    /** Keeps the results of a group's shards as a note in the bucket, for the commit. */
    keepGroupResults: (call: CopyGroupInput & { results: readonly ShardResult[] }): Promise<GroupResult> =>
      runActivity(({ signal }) => keepGroupResults(ledger.open(call.repository), call.uuid, call.results, signal)),

    /** Keeps what was copied of a group of large shards as a note in the bucket, for settling them. */
    keepCopied: (call: CopyGroupInput & { copied: readonly CopiedShard[] }): Promise<CopiedGroup> =>
      runActivity(({ signal }) => keepCopied(ledger.open(call.repository), call, call.copied, signal)),

    /**
     * Opens views of the plan's changed shards from the ordinal `from` on, together, and keeps them as a note in the
     * bucket. Adds shards to the changed ones that moved since they were planned as unchanged. Leaves no view open when
     * it fails.
     */
    openViews: (call: SnapshotJob & { plan: ObjectRef; from: number }): Promise<OpenedViews> =>
      runActivity(async ({ signal }) => {
        const repository = ledger.open(call.repository);
        const plan = await notes.plan(repository.store, call.plan, signal);
        const reader = cluster.readerOf({ ...plan.cluster, pit: plan.pit });
        const copy = { cluster, reader, pool, repository, notes, uuid: call.uuid, signal };
        return openRound(copy, { plan, ref: call.plan }, call.from);
      }),

    /**
     * Makes the snapshot visible, whole, and takes the job off the ledger. Repeating it is harmless. Throws
     * `base_changed` (the job plans again) when another snapshot of the shards was committed since, or when a snapshot
     * that it builds on is being swept.
     */
    commitSnapshot: (
      call: SnapshotJob & { plan: ObjectRef; results: readonly GroupResult[]; unchangedMillis: number },
    ): Promise<SnapshotOutcome> =>
      runActivity(async ({ signal }) => {
        const repository = ledger.open(call.repository);
        const lists = call.results.map((group) => group.results);
        const [plan, results] = await Promise.all([
          notes.plan(repository.store, call.plan, signal),
          readLists(repository.store, 'results', lists, { signal }),
        ]);
        const copied = { plan, results, unchangedMillis: call.unchangedMillis };
        return commitCopied(repository, copied, {
          partial: call.partial,
          leftovers: true,
          onCommitted: (state) => ledger.endJob(call.repository, { state }),
          signal,
        });
      }),

    /**
     * Commits a snapshot that failed after it was accepted as FAILED: without data, with the reason. Deletes what it
     * had copied, closes its views, and takes the job off the ledger. If it throws, the snapshot has to be rolled back.
     */
    failSnapshot: (call: AskedSnapshot & Abandoned & { reason: string }): Promise<SnapshotOutcome> =>
      runActivity(async ({ signal }) => {
        const repository = ledger.open(call.repository);
        await closeAbandoned(call, signal);
        const plan = call.plan === undefined ? undefined : await notes.plan(repository.store, call.plan, signal);
        const outcome = await commitFailed(repository, call, plan, signal);
        await ledger.endJob(call.repository, { state: outcome.state, reason: call.reason });
        return outcome;
      }),

    /**
     * Closes the views of the snapshot, deletes all objects that it wrote, and takes the job off the ledger. With
     * `fence`, no commit of it can come through afterwards. Harmless when it wrote nothing, or was rolled back before.
     * If an attempt of its commit came through first, the snapshot stays, and the ledger is given SUCCESS.
     */
    rollbackSnapshot: (call: SnapshotJob & Abandoned & { fence: boolean; outcome: JobOutcome }): Promise<void> =>
      runActivity(async ({ signal }) => {
        await closeAbandoned(call, signal);
        const { catalogue } = ledger.open(call.repository);
        const { committed } = await rollbackSnapshot(catalogue, call.uuid, { fence: call.fence, signal });
        await ledger.endJob(call.repository, committed ? { state: 'SUCCESS' } : call.outcome);
      }),
  };
}
