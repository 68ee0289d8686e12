/** The begin and the end that all ways of copying a shard share. */
import { type Cluster } from '../cluster/cluster';
import { type DocumentReader, type ShardState } from '../cluster/reading/document-reader';
import { isSnapkeepError } from '../contracts/errors';
import { preferredCodec } from '../documents/codec';
import { type CodecPool } from '../documents/codec-pool';
import { type OpenRepository } from '../registrations/open-repositories';
import { unlessUnreadable } from '../repository/catalogue/catalogue';
import { type ShardManifest } from '../repository/format/format';
import { newAttempt } from '../repository/format/keys';
import { type SettleShard } from '../repository/segments/settle-shard';
import { type SegmentWriting, type WriteProgress } from '../repository/segments/write-segments';
import { type ChangedShard } from './job-plan';
import { type NoteReader } from './note-reader';
import { checkHistory } from './states-at-copy';

/** Source and target of the shards that one attempt of a step copies. */
export interface SnapshotCopy {
  readonly cluster: Cluster;
  readonly reader: DocumentReader;
  readonly pool: CodecPool;
  readonly repository: OpenRepository;
  readonly notes: NoteReader;
  /** Uuid of the snapshot that the shards are copied for. */
  readonly uuid: string;
  /** Aborted when the attempt must end. */
  readonly signal: AbortSignal;
}

/** Returns where and how this attempt writes the shard's segments: under keys that no other attempt writes. */
export function segmentWriting(
  { repository, pool, uuid }: SnapshotCopy,
  shard: ChangedShard,
  onProgress?: (progress: WriteProgress) => void,
): SegmentWriting {
  return {
    store: repository.store,
    pool,
    place: { snapshotUuid: uuid, indexUuid: shard.index.uuid, shard: shard.shard },
    attempt: newAttempt(),
    codec: preferredCodec(repository.write.compress),
    chunkSizeBytes: repository.write.chunkSizeBytes,
    onProgress,
  };
}

/**
 * Reads the manifest that the shard's base has. Returns undefined without a base, and when the manifest is damaged or
 * was deleted by another installation: the shard is copied whole then.
 */
export async function readBase(
  { repository, signal }: SnapshotCopy,
  { plan: { base } }: ChangedShard,
): Promise<ShardManifest | undefined> {
  if (base === undefined) return undefined;
  return unlessUnreadable(repository.catalogue.readShardManifest(base, { signal }));
}

/**
 * Returns all that a shard is settled from. `state` was read before the index was refreshed. Throws
 * `shard_inconsistent` when the shard has another history than the planned one.
 */
export async function shardSettling(
  copy: SnapshotCopy,
  shard: ChangedShard,
  state: ShardState,
  writing: SegmentWriting,
): Promise<Omit<SettleShard, 'copied'>> {
  checkHistory(shard, state);
  const { target, identity, session, base: entry } = shard.plan;
  const manifest = await readBase(copy, shard);
  return {
    catalogue: copy.repository.catalogue,
    writing,
    compress: copy.repository.write.compress,
    reader: copy.reader,
    target,
    identity,
    state,
    base: entry === undefined || manifest === undefined ? undefined : { entry, manifest },
    prove: state.session === undefined || state.session !== session,
    startMillis: Date.now(),
  };
}

/**
 * Runs `settle(true)`, which trusts what is known of the shard. If that throws `shard_inconsistent`, runs
 * `settle(false)`, which believes only what one view shows.
 */
export async function trustingFirst<T>(settle: (trusts: boolean) => Promise<T>): Promise<T> {
  try {
    return await settle(true);
  } catch (error) {
    if (!isSnapkeepError(error, 'shard_inconsistent')) throw error;
    return settle(false);
  }
}
