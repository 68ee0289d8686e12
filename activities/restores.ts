import { isSnapkeepError, SnapkeepError } from '../src/contracts/errors';
import {
  type BeginRestoreResult,
  type IndexRestore,
  type JobOptions,
  type JobRepository,
  MAX_CHUNKS,
  type PreparedIndex,
  type RestoreChunk,
  type RestoreRequest,
  type StoredObject,
} from '../src/contracts/jobs';
import { type JobOutcome } from '../src/contracts/ledger';
import { finishedIndex, restorableIndex } from '../src/cluster/restorable-index';
import { type IndexEntry } from '../src/repository/format';
import { planRestoreChunks } from '../src/repository/restore-plan';
import { findSnapshot } from '../src/repository/root';
import { type Dependencies } from './dependencies';
import { type Ledger } from './ledger';
import { planRestore } from './plan-restore';
import { runActivity } from './run';

/** Which restore an activity works for. */
export interface RestoreJob {
  readonly repository: JobRepository;
  readonly snapshot: string;
  readonly id: string;
  readonly manifest: StoredObject;
}

/** Bytes of `_bulk` bodies that one chunk aims at. */
const CHUNK_BYTES = 128 * 1024 * 1024;
/** `_bulk` bodies are about this many times what is stored. */
const RAW_PER_STORED_BYTE = 4;

export function restoreControlActivities({ cluster }: Dependencies, ledger: Ledger) {
  const indexEntry = async (call: RestoreJob & { index: IndexRestore }, signal: AbortSignal): Promise<IndexEntry> => {
    const { catalogue } = ledger.open(call.repository);
    const manifest = await catalogue.readSnapshotManifest(call.manifest, { signal });
    return manifest.indices[call.index.ordinal];
  };

  return {
    /** Decides which index becomes which, and refuses what can't be. Changes nothing in the cluster. */
    beginRestore: (call: {
      repository: JobRepository;
      options: JobOptions;
      snapshot: string;
      id: string;
      startMillis: number;
      request: RestoreRequest;
    }): Promise<BeginRestoreResult> =>
      runActivity(async ({ signal }) => {
        const { catalogue } = ledger.open(call.repository);
        const job = {
          kind: 'restore' as const,
          snapshot: call.snapshot,
          claims: [],
          startMillis: call.startMillis,
        };
        // Known to the ledger before the catalogue is read: from here on no sweep removes what the restore reads.
        await ledger.beginJob(call, job);
        const entry = findSnapshot(await catalogue.readRoot({ signal }), call.snapshot);
        if (entry === undefined) {
          throw new SnapkeepError(
            'snapshot_restore_exception',
            `[${call.repository.name}:${call.snapshot}] snapshot does not exist`,
            { details: { repository: call.repository.name, snapshot: call.snapshot } },
          );
        }
        if (entry.state === 'FAILED') {
          throw new SnapkeepError(
            'snapshot_restore_exception',
            `[${call.repository.name}:${call.snapshot}] unsupported snapshot state [FAILED]: it holds no data; GET it for the reasons`,
          );
        }
        const manifest = await catalogue.readSnapshotManifest(entry.manifest, { signal });
        const indices = planRestore(`${call.repository.name}:${call.snapshot}`, call.id, manifest, call.request);
        await refuseExisting(call, indices, signal);
        await ledger.beginJob(call, { ...job, snapshotUuid: entry.uuid, reads: [entry.uuid] });
        return { manifest: entry.manifest, snapshotUuid: entry.uuid, version: manifest.cluster.version, indices };
      }),

    /**
     * Makes the index: same mappings and number of shards, no replicas and no refresh while it is filled, and a one-off
     * alias through which alone it is written. Made by an earlier try of this activity, it is taken as it is.
     */
    prepareIndex: (call: RestoreJob & { index: IndexRestore; request: RestoreRequest }): Promise<PreparedIndex> =>
      runActivity(async ({ signal }) => {
        const { catalogue } = ledger.open(call.repository);
        const entry = await indexEntry(call, signal);
        const plan = restorableIndex(entry, {
          indexSettings: call.request.indexSettings,
          ignoreIndexSettings: call.request.ignoreIndexSettings,
        });
        let dropped: readonly string[] = plan.dropped;
        if (!(await cluster.aliasPointsTo(call.index.alias, call.index.target, signal))) {
          const created = await cluster.createIndexTolerant(
            call.index.target,
            {
              settings: plan.createSettings,
              mappings: entry.mappings,
              aliases: JSON.stringify({ [call.index.alias]: {} }),
            },
            signal,
          );
          dropped = [...dropped, ...created.dropped];
        }
        const chunks: RestoreChunk[] = [];
        // Bounds the history: very large indices get larger chunks.
        const bytes = Math.max(CHUNK_BYTES, Math.ceil((call.index.bytes * RAW_PER_STORED_BYTE) / MAX_CHUNKS));
        for (const [shard, one] of entry.shards.entries()) {
          if (one === null) continue;
          const shardManifest = await catalogue.readShardManifest(one, { signal });
          for (const { first, count, documents, storedBytes } of planRestoreChunks(shardManifest, bytes)) {
            const objects = shardManifest.segments
              .slice(first, first + count)
              .reduce((sum, segment) => sum + segment.objects.length, 0);
            chunks.push({ shard, first, count, documents, bytes: storedBytes, objects });
          }
        }
        return { chunks, dropped };
      }),

    /**
     * Makes everything visible, compares the number of documents with the manifest, and gives the index its settings and
     * aliases. The one-off alias goes last and in one step with the aliases: until then the index is ours to delete.
     */
    finishIndex: (call: RestoreJob & { index: IndexRestore; request: RestoreRequest }): Promise<void> =>
      runActivity(async ({ signal }) => {
        const { target, alias, documents } = call.index;
        const entry = await indexEntry(call, signal);
        // An earlier try may have come through to its end.
        if (!(await cluster.aliasPointsTo(alias, target, signal))) {
          if (await cluster.indexExists(target, signal)) return;
          throw new SnapkeepError(
            'index_not_found_exception',
            `index [${target}] was deleted while it was being restored`,
          );
        }
        await cluster.refresh([target], signal);
        const found = await cluster.count(target, signal);
        if (found < documents) {
          throw new SnapkeepError(
            'snapshot_restore_exception',
            `index [${target}] has ${found} documents after the restore, the snapshot ${documents}; the index was deleted, restore it again`,
            { details: { index: target, expected: documents, found } },
          );
        }
        const { settings, aliasActions } = finishedIndex(entry, call.request, target, alias);
        await cluster.putSettings(target, settings, signal);
        await cluster.updateAliases(aliasActions, signal);
      }),

    /** Deletes the index if this restore made it and did not finish it. */
    undoIndex: (call: RestoreJob & { index: IndexRestore }): Promise<void> =>
      runActivity(async ({ signal }) => {
        try {
          if (await cluster.aliasPointsTo(call.index.alias, call.index.target, signal)) {
            await cluster.deleteIndex(call.index.target, signal);
          }
        } catch (error) {
          if (!isSnapkeepError(error, 'index_not_found_exception')) throw error;
        }
      }),

    /** Takes the restore off the ledger's list of running jobs. */
    endRestore: (call: { repository: JobRepository; outcome: JobOutcome }): Promise<void> =>
      runActivity(() => ledger.endJob(call.repository, call.outcome)),
  };

  async function refuseExisting(
    call: { repository: JobRepository; snapshot: string },
    indices: readonly IndexRestore[],
    signal: AbortSignal,
  ): Promise<void> {
    for (const { target } of indices) {
      if (!(await cluster.indexExists(target, signal))) continue;
      throw new SnapkeepError(
        'snapshot_restore_exception',
        `[${call.repository.name}:${call.snapshot}] cannot restore index [${target}] because an open index with same name already exists in the cluster. ` +
          'Either delete the existing index or restore the index under a different name by providing a rename pattern and replacement name',
        { details: { index: target } },
      );
    }
  }
}
