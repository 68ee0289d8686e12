import { type BlobStore } from '../../../src/blobs/contract/blob-store';
import { isSnapkeepError } from '../../../src/contracts/errors';
import { type ShardEntry } from '../../../src/contracts/stored';
import { type CodecPool } from '../../../src/documents/codec-pool';
import { findBases } from '../../../src/repository/catalogue/base-rule';
import { type Catalogue } from '../../../src/repository/catalogue/catalogue';
import { shardId } from '../../../src/repository/catalogue/holders';
import { buildSnapshotManifest, commitSnapshot } from '../../../src/repository/committing/commit-snapshot';
import { markSweeping, removeSnapshots } from '../../../src/repository/deletion/remove-snapshots';
import { sweepMarked, type SweepResult } from '../../../src/repository/deletion/sweep';
import { type RootEntry, type ShardIdentity, type SnapshotManifest } from '../../../src/repository/format/format';
import { newAttempt, newSnapshotUuid } from '../../../src/repository/format/keys';
import { isSameSession, isUnchanged, sharedEntry } from '../../../src/repository/segments/base-reuse';
import { proveHistory } from '../../../src/repository/segments/prove-history';
import { readSegments } from '../../../src/repository/segments/read-segments';
import { SegmentNumbers } from '../../../src/repository/segments/segment-numbers';
import { copySmallShard, type SettleShard } from '../../../src/repository/segments/settle-shard';
import { knownOf } from '../../../src/repository/segments/shard-ranges';
import { type SegmentWriting } from '../../../src/repository/segments/write-segments';
import { type ModelDocument, type ShardModel } from './shard-model';

export const CLUSTER = { uuid: 'cluster-1', name: 'test', product: 'elasticsearch', version: '8.19.0' };

export interface Repository {
  readonly store: BlobStore;
  readonly catalogue: Catalogue;
  readonly pool: CodecPool;
}

export function identityOf(shard: ShardModel, shards = 1): ShardIdentity {
  return {
    clusterUuid: CLUSTER.uuid,
    indexUuid: shard.indexUuid,
    historyUuid: shard.historyUuid,
    shards,
    shard: shard.shard,
  };
}

export function writingFor(
  { store, pool }: Repository,
  shard: ShardModel,
  snapshotUuid: string,
  options: Partial<SegmentWriting> = {},
): SegmentWriting {
  return {
    store,
    pool,
    place: { snapshotUuid, indexUuid: shard.indexUuid, shard: shard.shard },
    attempt: newAttempt(),
    codec: 'zstd',
    chunkSizeBytes: 1024 ** 3,
    ...options,
  };
}

/** What settling a shard takes, with the newest holder as base. */
export async function settling(
  repository: Repository,
  shard: ShardModel,
  snapshotUuid: string,
  writing: Partial<SegmentWriting> = {},
): Promise<Omit<SettleShard, 'copied'>> {
  const { catalogue } = repository;
  const root = await catalogue.readRoot();
  const bases = await findBases(catalogue, root, [{ indexUuid: shard.indexUuid, shard: shard.shard }]);
  const entry = bases.get(shardId(shard.indexUuid, shard.shard))?.entry;
  return {
    catalogue,
    writing: writingFor(repository, shard, snapshotUuid, writing),
    compress: true,
    reader: shard,
    target: shard.target,
    identity: identityOf(shard),
    state: shard.state,
    base: entry === undefined ? undefined : { entry, manifest: await catalogue.readShardManifest(entry) },
    prove: entry !== undefined && !isSameSession(entry, shard.state),
    startMillis: 1,
  };
}

/** One-shard indices as a snapshot manifest lists them; null for a shard that failed. */
export function manifestWith(
  name: string,
  uuid: string,
  shards: readonly { shard: ShardModel; entry: ShardEntry | null }[],
): SnapshotManifest {
  return buildSnapshotManifest(
    {
      snapshot: name,
      uuid,
      startMillis: 1,
      endMillis: 2,
      cluster: CLUSTER,
      includeGlobalState: false,
      indices: shards.map(({ shard, entry }) => ({
        name: shard.index,
        uuid: shard.indexUuid,
        settings: '{"index":{}}',
        mappings: '{}',
        aliases: '{}',
        shards: [entry],
      })),
      failures: shards.flatMap(({ shard, entry }) =>
        entry !== null
          ? []
          : [
              {
                index: shard.index,
                indexUuid: shard.indexUuid,
                shard: 0,
                reason: 'failed',
                status: 'INTERNAL_SERVER_ERROR',
              },
            ],
      ),
    },
    { partial: true },
  );
}

/** A whole snapshot of one-shard indices. */
export async function takeSnapshot(
  repository: Repository,
  name: string,
  shards: readonly ShardModel[],
  options: { writing?: Partial<SegmentWriting>; uuid?: string } = {},
): Promise<RootEntry> {
  const { catalogue } = repository;
  const uuid = options.uuid ?? newSnapshotUuid();
  const from = await catalogue.viewRoot();
  const bases = await findBases(
    catalogue,
    from.root,
    shards.map(({ indexUuid, shard }) => ({ indexUuid, shard })),
  );
  const entries: { shard: ShardModel; entry: ShardEntry }[] = [];
  for (const shard of shards) {
    const base = bases.get(shardId(shard.indexUuid, shard.shard));
    if (
      base !== undefined &&
      isUnchanged(base, shard.state, identityOf(shard)) &&
      (isSameSession(base.entry, shard.state) || (await isProven(catalogue, shard, base.entry)))
    ) {
      entries.push({ shard, entry: sharedEntry(base.entry, 1, shard.session) });
      continue;
    }
    const settle = await settling(repository, shard, uuid, options.writing);
    entries.push({ shard, entry: await copyTrusting(settle) });
  }
  return commitSnapshot(catalogue, manifestWith(name, uuid, entries), { compress: true, from });
}

/** A whole deletion, of snapshots that no job builds on or reads. */
export async function deleteSnapshots(catalogue: Catalogue, uuids: readonly string[]): Promise<SweepResult> {
  await removeSnapshots(catalogue, uuids);
  await markSweeping(catalogue, { inUse: new Set() });
  return sweepMarked(catalogue);
}

/** Whether what the base holds is what the shard shows, as a plan finds out. */
export async function isProven(catalogue: Catalogue, shard: ShardModel, base: ShardEntry): Promise<boolean> {
  const manifest = await catalogue.readShardManifest(base);
  const numbers = new SegmentNumbers(catalogue.store, {});
  try {
    const { same, unproven } = await proveHistory(shard, shard.target, knownOf(manifest), numbers);
    return same && unproven.length === 0;
  } catch (error) {
    if (!isSnapkeepError(error, 'shard_inconsistent')) throw error;
    return false;
  }
}

/** Copies a shard on its base, and whole where that proves to be of another history. */
export async function copyTrusting(settle: Omit<SettleShard, 'copied'>): Promise<ShardEntry> {
  try {
    return await copySmallShard(settle);
  } catch (error) {
    if (settle.base === undefined || !isSnapkeepError(error, 'shard_inconsistent')) throw error;
    return copySmallShard({ ...settle, base: undefined });
  }
}

/** What a restore of the shard brings back, by `_id`: segments in document order have any order. */
export async function restored({ catalogue, store, pool }: Repository, entry: ShardEntry): Promise<ModelDocument[]> {
  const manifest = await catalogue.readShardManifest(entry);
  const documents: ModelDocument[] = [];
  for await (const { body, documents: count } of readSegments(manifest.segments, { store, pool })) {
    const lines = body.toString().split('\n');
    if (lines.pop() !== '' || lines.length !== 2 * count) throw new Error('not a bulk body');
    for (let i = 0; i < lines.length; i += 2) {
      const { index } = JSON.parse(lines[i]) as { index: { _id: string; version: number; routing?: string } };
      documents.push({
        id: index._id,
        version: index.version,
        routing: index.routing,
        source: lines[i + 1],
        seqNo: -1,
      });
    }
  }
  return byId(documents);
}

/** The documents of a shard, comparable with {@link restored}. */
export function expected(shard: ShardModel): ModelDocument[] {
  return byId(shard.live().map((document) => ({ ...document, seqNo: -1 })));
}

function byId(documents: readonly ModelDocument[]): ModelDocument[] {
  return documents.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
