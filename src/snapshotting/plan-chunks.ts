import { type DocumentReader, type ShardTarget } from '../cluster/reading/document-reader';
import { type ChunkPlan } from '../contracts/jobs/copy';
import { type SeqNoRange } from '../contracts/seq-no';
import { type ShardManifest } from '../repository/format/format';
import { planRewrites } from '../repository/segments/plan-segments';

/**
 * Cuts what a shard has to read before it is settled into chunks of about `maxBytes`: what was sealed since its base,
 * and what of the base is worth writing anew. The shard must have been refreshed after `globalCheckpoint` was read.
 */
export async function planChunks(
  reader: DocumentReader,
  target: ShardTarget,
  { base, globalCheckpoint, maxBytes }: { base?: ShardManifest; globalCheckpoint: number; maxBytes: number },
  signal?: AbortSignal,
): Promise<ChunkPlan[]> {
  const ranges: SeqNoRange[] = [];
  let from = 0;
  if (base !== undefined) {
    const sealed = base.segments.filter((segment) => segment.sealed);
    const counts = await reader.count(target, sealed, signal);
    ranges.push(
      ...planRewrites(sealed, counts).map(({ first, last }) => ({ from: sealed[first].from, to: sealed[last].to })),
    );
    from = base.sealedThrough + 1;
  }
  if (globalCheckpoint >= from) ranges.push({ from, to: globalCheckpoint + 1 });
  const chunks: ChunkPlan[] = [];
  for (const range of ranges) {
    for (const part of await reader.divide(target, range, maxBytes, signal)) {
      if (part.live > 0) chunks.push({ from: part.from, to: part.to, documents: part.live });
    }
  }
  return chunks;
}
