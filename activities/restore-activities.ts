import { Context } from '@temporalio/activity';
import { complaintIn } from '../src/cluster/http/cluster-failures';
import { restorableIndex } from '../src/cluster/writing/restorable-index';
import { isSnapkeepError, SnapkeepError } from '../src/contracts/errors';
import { bounded, cutReason } from '../src/contracts/jobs/bounded';
import { MAX_CHUNKS } from '../src/contracts/jobs/copy';
import { type JobOptions, type JobRepository } from '../src/contracts/jobs/job';
import { type JobOutcome } from '../src/contracts/jobs/ledger';
import {
  type BeginRestoreResult,
  type FinishedIndexResult,
  type IndexRequest,
  type IndexRestore,
  type LeftOut,
  type PreparedIndex,
  type RestoreChunk,
  type RestoreRequest,
} from '../src/contracts/jobs/restore';
import { type ObjectRef } from '../src/contracts/stored';
import { findSnapshot } from '../src/repository/catalogue/root';
import { type IndexEntry } from '../src/repository/format/format';
import { checkRestore } from '../src/restoring/check-restore';
import { finishLoaded } from '../src/restoring/finish-index';
import { groupsOf, planIndices, planRestore, totalsOf } from '../src/restoring/plan-restore';
import { planRestoreChunks } from '../src/restoring/plan-restore-chunks';
import { runActivity } from './activity-shell';
import { type Dependencies } from './dependencies';
import { type Ledger } from './ledger-client';

/** Which restore an activity works for. */
export interface RestoreJob {
  readonly repository: JobRepository;
  readonly snapshot: string;
  readonly id: string;
  readonly manifest: ObjectRef;
}

/** One index of it. */
export interface IndexCall extends RestoreJob {
  readonly index: IndexRestore;
}

/** Bytes of `_bulk` bodies that one chunk aims at. */
const CHUNK_BYTES = 128 * 1024 * 1024;
/** `_bulk` bodies are about this many times what is stored. */
const RAW_PER_STORED_BYTE = 4;
/** A restore of at most this many indices and stored bytes is done without child workflows. */
const INLINE_INDICES = 8;
const INLINE_BYTES = 64 * 1024 * 1024;
/** A cluster that answers 500 so many times in a row means it: busy or restarting clusters answer 429 and 503. */
const MOST_INTERNAL_ERRORS = 10;

export function restoreControlActivities({ cluster }: Dependencies, ledger: Ledger) {
  const indexEntry = async (call: IndexCall, signal: AbortSignal): Promise<IndexEntry> => {
    const { catalogue } = ledger.open(call.repository);
    const manifest = await catalogue.readSnapshotManifest(call.manifest, { signal });
    return manifest.indices[call.index.ordinal];
  };
  /** Whether the index is the one that this restore made: by the one-off alias, or by its uuid where that is known. */
  const isOurs = async ({ index }: IndexCall, uuid: string | undefined, signal: AbortSignal): Promise<boolean> =>
    (uuid !== undefined && (await cluster.indexUuid(index.target, signal)) === uuid) ||
    (await cluster.aliasPointsTo(index.alias, index.target, signal));

  return {
    /** Decides which index becomes which, and refuses what cannot be. Changes nothing in the cluster. */
    beginRestore: (call: {
      repository: JobRepository;
      options: JobOptions;
      snapshot: string;
      id: string;
      startMillis: number;
      request: RestoreRequest;
    }): Promise<BeginRestoreResult> =>
      runStep(async (signal) => {
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
        const where = `${call.repository.name}:${call.snapshot}`;
        const plan = await planRestore(where, call.id, manifest, call.request);
        await checkRestore(cluster, where, manifest, plan, call.request, signal);
        await ledger.beginJob(call, { ...job, snapshotUuid: entry.uuid, reads: [entry.uuid] });
        const totals = totalsOf(plan);
        const isSmall = totals.indices <= INLINE_INDICES && totals.bytes <= INLINE_BYTES;
        return {
          manifest: entry.manifest,
          snapshotUuid: entry.uuid,
          version: manifest.cluster.version,
          totals,
          ...(isSmall ? { indices: plan, groups: [] } : { groups: groupsOf(plan) }),
        };
      }),

    /** Returns the part of the plan that a child workflow carries out. */
    planRestoreGroup: (
      call: RestoreJob & { ordinals: readonly number[]; request: IndexRequest },
    ): Promise<IndexRestore[]> =>
      runStep(async (signal) => {
        const { catalogue } = ledger.open(call.repository);
        const manifest = await catalogue.readSnapshotManifest(call.manifest, { signal });
        return planIndices(call.id, manifest, call.ordinals, call.request);
      }),

    /**
     * Creates the index: same mappings and number of shards, nothing of the cluster's templates, no replicas and no
     * refresh while it is filled, and a one-off alias through which alone it is written. Created by an earlier attempt
     * of this activity, it is taken as it is.
     */
    prepareIndex: (call: IndexCall & { request: IndexRequest }): Promise<PreparedIndex> =>
      runStep(async (signal) => {
        const { catalogue } = ledger.open(call.repository);
        const { target, alias } = call.index;
        const entry = await indexEntry(call, signal);
        const { createSettings, dropped, hidden } = restorableIndex(entry, call.request);
        const leftOut = dropped.map((one): LeftOut => ({ index: target, ...one }));
        const repeated = await cluster.aliasPointsTo(alias, target, signal);
        let cloned = repeated;
        if (!repeated) {
          const created = await cluster.createUntemplated(
            {
              name: target,
              definition: {
                settings: createSettings,
                mappings: entry.mappings,
                aliases: JSON.stringify({ [alias]: {} }),
              },
              hidden,
              token: tokenOf(call),
            },
            signal,
          );
          cloned = created.cloned;
          leftOut.push(
            ...created.dropped.map(({ kind, name, reason }) => ({
              index: target,
              kind,
              name,
              reason: cutReason(reason),
            })),
          );
        }
        const uuid = await cluster.indexUuid(target, signal);
        if (uuid === undefined) throw deleted(target);
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
        return { uuid, cloned, chunks, leftOut: bounded(leftOut) };
      }),

    /**
     * Returns what keeps the index from being written, in the cluster's words; undefined once all its primaries are
     * active. Throws `index_not_found_exception` if it was deleted.
     */
    awaitIndex: (call: IndexCall & { uuid: string; cloned: boolean }): Promise<string | undefined> =>
      runStep(async (signal) => {
        const { target } = call.index;
        const waiting = await cluster.waitingFor(target, signal);
        if (waiting === undefined) {
          if (call.cloned) await cluster.deleteEmptyIndex(tokenOf(call), signal);
          return undefined;
        }
        if ((await cluster.indexUuid(target, signal)) !== call.uuid) throw deleted(target);
        return cutReason(waiting);
      }),

    /**
     * Makes everything visible, compares the number of documents with the manifest, and gives the index its settings and
     * aliases. The one-off alias goes in one step with the aliases. Every document is on the disk by then, since the
     * index was loaded with a synchronous translog. Repeating a finished call changes nothing.
     */
    finishIndex: (call: IndexCall & { request: IndexRequest; uuid: string }): Promise<FinishedIndexResult> =>
      runStep(async (signal) => {
        const { target, alias, documents } = call.index;
        const entry = await indexEntry(call, signal);
        if ((await cluster.indexUuid(target, signal)) !== call.uuid) throw deleted(target);
        const unfinished = await cluster.aliasPointsTo(alias, target, signal);
        const leftOut: LeftOut[] = [];
        const found = await visibleDocuments(target, unfinished, signal);
        if (found !== undefined && found < documents) {
          throw new SnapkeepError(
            'snapshot_restore_exception',
            `index [${target}] has ${found} documents after the restore, the snapshot ${documents}: somebody else deleted some during the restore; ` +
              'the index was deleted, restore it again',
            { details: { index: target, expected: documents, found } },
          );
        }
        if (found !== undefined && found > documents) {
          const reason = `${found - documents} documents that the snapshot does not hold were written during the restore, and kept`;
          leftOut.push({ index: target, kind: 'document', name: '*', reason });
        }
        leftOut.push(
          ...(await finishLoaded(cluster, entry, target, call.request, unfinished ? alias : undefined, signal)),
        );
        return { leftOut: bounded(leftOut) };
      }),

    /**
     * Deletes the index if this restore made it and did not finish it, blocks that somebody put on it included, and
     * what it was made from. One that somebody else made again under the name has another uuid, and stays.
     */
    undoIndex: (call: IndexCall & { uuid?: string; cloned: boolean }): Promise<void> =>
      runStep(async (signal) => {
        const { target } = call.index;
        if (call.cloned) await cluster.deleteEmptyIndex(tokenOf(call), signal);
        try {
          if (await isOurs(call, call.uuid, signal)) await deleteBlocked(target, signal);
        } catch (error) {
          if (!isSnapkeepError(error, 'index_not_found_exception')) throw error;
        }
      }),

    /** Takes the restore off the ledger's list of running jobs. */
    endRestore: (call: { repository: JobRepository; outcome: JobOutcome }): Promise<void> =>
      runActivity(() => ledger.endJob(call.repository, call.outcome)),
  };

  /** Undefined where an earlier attempt of the step has counted, and given the index a block of its own since. */
  async function visibleDocuments(
    target: string,
    unfinished: boolean,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    try {
      await cluster.refresh([target], signal);
      return await cluster.count(target, signal);
    } catch (error) {
      if (!unfinished && complaintIn(error)?.type === 'cluster_block_exception') return undefined;
      throw error;
    }
  }

  async function deleteBlocked(target: string, signal: AbortSignal): Promise<void> {
    try {
      await cluster.deleteIndex(target, signal);
    } catch (error) {
      if (complaintIn(error)?.type !== 'cluster_block_exception') throw error;
      const blocks = { 'index.blocks.read_only': null, 'index.blocks.metadata': null };
      await cluster.putSettings(target, JSON.stringify(blocks), signal);
      await cluster.deleteIndex(target, signal);
    }
  }
}

/**
 * Runs a step that is repeated within the job's window. A cluster that answers 500 every time refuses in its own way:
 * that is final long before the window is over.
 */
function runStep<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  return runActivity(async ({ signal }) => {
    try {
      return await work(signal);
    } catch (error) {
      if (complaintIn(error)?.status !== 500 || Context.current().info.attempt < MOST_INTERNAL_ERRORS) throw error;
      const { message, details } = error as SnapkeepError;
      throw new SnapkeepError('cluster_rejected', message, { details, cause: error });
    }
  });
}

/** Names of what is made for one index of one restore alone. */
function tokenOf({ id, index }: IndexCall): string {
  return `${id}x${index.ordinal}`;
}

function deleted(target: string): SnapkeepError {
  return new SnapkeepError('index_not_found_exception', `index [${target}] was deleted while it was being restored`);
}
