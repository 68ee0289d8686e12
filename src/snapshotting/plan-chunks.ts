/** Cuts the documents that a large shard has to read before it is settled into chunks. */
import { type DocumentReader, type ShardTarget } from '../cluster/reading/document-reader';
import { type ChunkPlan, MAX_CHUNKS, type ShardPlan } from '../contracts/jobs/copy';
import { type SeqNoRange } from '../contracts/seq-no';
import { type ShardManifest } from '../repository/format/format';
import { planRewrites } from '../repository/segments/plan-segments';
import { stretchesOf } from '../repository/segments/shard-ranges';
import { type ChangedShard } from './job-plan';
import { readBase, type SnapshotCopy } from './shard-copying';
import { statesThenRefresh } from './states-at-copy';

/** Bytes of documents that one chunk aims at. */
const CHUNK_BYTES = 128 * 1024 * 1024;

/** Plans the chunks of a large shard, at most {@link MAX_CHUNKS}. Writes nothing. Throws what the cluster throws. */
export async function planShard(copy: SnapshotCopy, shard: ChangedShard): Promise<ShardPlan> {
  const { name } = shard.index;
  const { globalCheckpoint } = (await statesThenRefresh(copy.cluster, [name], copy.signal)).of(shard);
  const base = await readBase(copy, shard);
  const maxBytes = Math.max(CHUNK_BYTES, Math.ceil(shard.plan.bytes / MAX_CHUNKS));
  const known = { base, globalCheckpoint, maxBytes };
  return {
    label: `${name}[${shard.shard}]`,
    ...(await planChunks(copy.reader, shard.plan.target, known, copy.signal)),
  };
}

/**
 * Cuts into chunks of about `maxBytes` what was sealed since the base, and what of the base is worth writing again. The
 * shard must have been refreshed after `globalCheckpoint` was read.
 */
export async function planChunks(
  reader: DocumentReader,
  target: ShardTarget,
  { base, globalCheckpoint, maxBytes }: { base?: ShardManifest; globalCheckpoint: number; maxBytes: number },
  signal?: AbortSignal,
): Promise<Pick<ShardPlan, 'chunks' | 'covers'>> {
  const covers: SeqNoRange[] = [];
  let from = 0;
  if (base !== undefined) {
    const sealed = base.segments.filter((segment) => segment.sealed);
    const counts = await reader.count(target, stretchesOf(sealed), signal);
    covers.push(...planRewrites(sealed, counts));
    from = base.sealedThrough + 1;
  }
  if (globalCheckpoint >= from) covers.push({ from, to: globalCheckpoint + 1 });
  const chunks: ChunkPlan[] = [];
  for (const range of covers) {
    for (const part of await reader.divide(target, range, maxBytes, signal)) {
      if (part.live > 0) chunks.push({ from: part.from, to: part.to, documents: part.live });
    }
  }
  return { chunks, covers };
}
