import { type Bounded, bounded } from '../src/contracts/jobs/bounded';
import { type JobOptions, type JobRepository } from '../src/contracts/jobs/job';
import { type JobOutcome } from '../src/contracts/jobs/ledger';
import {
  type BeginRestoreResult,
  type FinishedIndexResult,
  type IndexRequest,
  type IndexRestore,
  type LeftOut,
  type PreparedIndex,
  type PreparedIndices,
  type RestoreGroup,
  type RestoreRequest,
  type StateToRestore,
} from '../src/contracts/jobs/restore';
import { type ObjectRef } from '../src/contracts/stored';
import { readGlobalState } from '../src/repository/committing/keep-global-state';
import { waitingFor } from '../src/restoring/await-index';
import { beginRestore } from '../src/restoring/begin-restore';
import { finishIndex } from '../src/restoring/finish-index';
import { finishIndices } from '../src/restoring/finish-indices';
import { planIndices, planStreams } from '../src/restoring/plan-restore';
import { prepareIndex } from '../src/restoring/prepare-index';
import { prepareIndices } from '../src/restoring/prepare-indices';
import { attachStreams, prepareStreams } from '../src/restoring/restore-data-streams';
import { restoreSettings, restoreThings } from '../src/restoring/restore-global-state';
import { undoIndex } from '../src/restoring/undo-index';
import { runActivity } from './activity-shell';
import { type Dependencies } from './dependencies';
import { type Ledger } from './ledger-client';
import { runRestoreStep } from './restore-step';

/** The restore that an activity works for. */
interface RestoreJob {
  readonly repository: JobRepository;
  readonly snapshot: string;
  readonly id: string;
  readonly manifest: ObjectRef;
}

/** One index of a restore. */
export interface IndexCall extends RestoreJob {
  readonly index: IndexRestore;
}

/** Several small indices of a restore. */
export interface IndicesCall extends RestoreJob {
  readonly indices: readonly IndexRestore[];
}

/** The argument of `beginRestore`. */
interface AskedRestore extends Omit<RestoreJob, 'manifest'> {
  readonly options: JobOptions;
  readonly startMillis: number;
  readonly request: RestoreRequest;
}

/**
 * The activities that plan restores, and create, open and delete indices, on the control queue. Repeating any of them
 * is harmless. Errors of the cluster are retried within the job's retry window.
 */
export function restoreActivities({ cluster }: Dependencies, ledger: Ledger) {
  const catalogueOf = (call: { readonly repository: JobRepository }) => ledger.open(call.repository).catalogue;

  return {
    /**
     * Enters the job in the ledger, decides which index becomes which, and refuses what cannot be restored
     * (`snapshot_restore_exception` and others). Changes nothing in the cluster.
     */
    beginRestore: (call: AskedRestore): Promise<BeginRestoreResult> =>
      runRestoreStep((signal) => {
        const { snapshot, startMillis } = call;
        const job = { kind: 'restore', snapshot, claims: [], startMillis } as const;
        const enterLedger = async (read?: string): Promise<void> => {
          await ledger.beginJob(call, read === undefined ? job : { ...job, snapshotUuid: read, reads: [read] });
        };
        return beginRestore({ job: call, cluster, catalogue: catalogueOf(call), signal, enterLedger });
      }),

    /** Returns the part of the plan that a child workflow carries out: always the same for the same call. */
    planRestoreGroup: (
      call: RestoreJob & Pick<RestoreGroup, 'ordinals' | 'backing'> & { request: IndexRequest },
    ): Promise<IndexRestore[]> =>
      runRestoreStep(async (signal) => {
        const manifest = await catalogueOf(call).readSnapshotManifest(call.manifest, { signal });
        return planIndices(call.id, manifest, call, call.request);
      }),

    /**
     * Creates the index, or takes the one that an earlier attempt created, and plans the chunks to write into it.
     * Leaves an index that `finishIndex` or `undoIndex` has to end.
     */
    prepareIndex: (call: IndexCall & { request: IndexRequest }): Promise<PreparedIndex> =>
      runRestoreStep((signal) => prepareIndex(cluster, catalogueOf(call), call, call.request, signal)),

    /**
     * Creates several small indices as `prepareIndex` creates one. Those that cannot be created now are left to it.
     */
    prepareIndices: (call: IndicesCall & { request: IndexRequest }): Promise<PreparedIndices> =>
      runRestoreStep((signal) => prepareIndices(cluster, catalogueOf(call), call, call.request, signal)),

    /**
     * Finishes several small indices as `finishIndex` finishes one. Returns for each whether it is finished; the others
     * are left to `finishIndex`.
     */
    finishIndices: (call: IndicesCall & { request: IndexRequest; uuids: readonly string[] }): Promise<boolean[]> =>
      runRestoreStep((signal) => finishIndices(cluster, catalogueOf(call), call, call.request, signal)),

    /**
     * Returns what keeps the index from being written, in the cluster's words; undefined once all its primaries are
     * active. Throws `index_not_found_exception` when it was deleted.
     */
    awaitIndex: (call: IndexCall & { uuid: string; cloned: boolean }): Promise<string | undefined> =>
      runRestoreStep((signal) => waitingFor(cluster, call, signal)),

    /**
     * Makes all documents visible, compares their number with the manifest, and gives the index its settings and
     * aliases. Throws `snapshot_restore_exception` when documents are missing.
     */
    finishIndex: (call: IndexCall & { request: IndexRequest; uuid: string }): Promise<FinishedIndexResult> =>
      runRestoreStep((signal) => finishIndex(cluster, catalogueOf(call), call, signal)),

    /**
     * Deletes the index if this restore created it and did not finish it. An index that somebody else created stays.
     */
    undoIndex: (call: IndexCall & { uuid?: string; cloned: boolean }): Promise<void> =>
      runRestoreStep((signal) => undoIndex(cluster, call, signal)),

    /**
     * Restores the snapshot's global state but the settings, which could hinder the restore of indices; with
     * `settings`, these alone. Returns what the cluster refused.
     */
    restoreGlobalState: (call: {
      repository: JobRepository;
      globalState: StateToRestore;
      settings: boolean;
    }): Promise<Bounded<LeftOut>> =>
      runRestoreStep(async (signal) => {
        const { ref, product } = call.globalState;
        const stored = { state: await readGlobalState(ledger.open(call.repository).store, ref, { signal }), product };
        return bounded(await (call.settings ? restoreSettings : restoreThings)(cluster, stored, signal));
      }),

    /**
     * Makes the data streams that are restored, each without documents. Returns those that cannot be made, with the
     * reasons.
     */
    prepareDataStreams: (call: RestoreJob & { request: RestoreRequest }): Promise<Bounded<LeftOut>> =>
      runRestoreStep(async (signal) => {
        const manifest = await catalogueOf(call).readSnapshotManifest(call.manifest, { signal });
        return bounded(await prepareStreams(cluster, manifest, planStreams(manifest, call.request), signal));
      }),

    /**
     * Attaches the restored indices to their data streams, and deletes streams of which no index was restored. Returns
     * what could not be attached, with the reasons.
     */
    attachDataStreams: (call: RestoreJob & { request: RestoreRequest }): Promise<Bounded<LeftOut>> =>
      runRestoreStep(async (signal) => {
        const manifest = await catalogueOf(call).readSnapshotManifest(call.manifest, { signal });
        return bounded(await attachStreams(cluster, planStreams(manifest, call.request), signal));
      }),

    /** Takes the restore off the ledger's list of running jobs. */
    endRestore: (call: { repository: JobRepository; outcome: JobOutcome }): Promise<void> =>
      runActivity(() => ledger.endJob(call.repository, call.outcome)),
  };
}
