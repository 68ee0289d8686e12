/** Writes some segments of one shard into the index that is restored. */
import { type BlobStore } from '../blobs/contract/blob-store';
import { type Cluster } from '../cluster/cluster';
import { SnapkeepError } from '../contracts/errors';
import { type RestoreChunk, type RestoredChunk } from '../contracts/jobs/restore';
import { type CodecPool } from '../documents/codec-pool';
import { type Catalogue } from '../repository/catalogue/catalogue';
import { type Segment } from '../repository/format/format';
import { readSegments } from '../repository/segments/read-segments';
import { ChunkProgress, type ChunkReceivers, type RestoreCursor } from './chunk-progress';
import { readIndexEntry, type RestoringIndex } from './restoring-index';

/** Source and target of a chunk. */
export interface ChunkRestore {
  readonly cluster: Cluster;
  readonly pool: CodecPool;
  readonly store: BlobStore;
  readonly catalogue: Catalogue;
  readonly signal: AbortSignal;
}

/**
 * Writes the chunk's documents, from the cursor of an earlier attempt on. Writing a document again changes nothing
 * (`external_gte`), and what the cluster has acknowledged is on its disk. A newer version of a document that somebody
 * else wrote is kept, and counted.
 *
 * Throws `document_rejected` when the cluster refuses a document, and what the cluster and the store throw.
 */
export async function restoreChunk(
  restore: ChunkRestore,
  call: RestoringIndex & { readonly chunk: RestoreChunk },
  resumeFrom: RestoreCursor | undefined,
  receivers: ChunkReceivers,
): Promise<RestoredChunk> {
  const { cluster, pool, store, signal } = restore;
  const segments = await segmentsOf(restore, call);
  const progress = new ChunkProgress(segments, resumeFrom, receivers);
  const { onRead } = progress;
  const writer = cluster.bulkWriter(call.index.target, call.index.alias, { signal });
  const from = { segment: progress.segment, frame: 0 };
  try {
    for await (const frame of readSegments(segments, { store, pool, from, signal, onRead })) {
      progress.move(frame.segment);
      await writer.write(frame.body, progress.sending(frame.segment, frame.body.length));
      progress.wrote(frame.documents);
    }
    await writer.flush();
  } catch (error) {
    await writer.abort();
    throw error;
  }
  return progress.result();
}

async function segmentsOf(
  { catalogue, signal }: ChunkRestore,
  call: RestoringIndex & { readonly chunk: RestoreChunk },
): Promise<Segment[]> {
  const { shard, first, count } = call.chunk;
  const entry = (await readIndexEntry(catalogue, call, signal)).shards[shard];
  if (entry == null) throw new SnapkeepError('internal', `shard [${shard}] of [${call.index.source}] holds nothing`);
  const { segments } = await catalogue.readShardManifest(entry, { signal });
  return segments.slice(first, first + count);
}
