/** Cuts the shards of an index into the chunks that are restored one by one. */
import { MAX_CHUNKS } from '../contracts/jobs/copy';
import { type RestoreChunk } from '../contracts/jobs/restore';
import { type Catalogue } from '../repository/catalogue/catalogue';
import { type IndexEntry, type Segment, type ShardManifest } from '../repository/format/format';
import { bytesOf } from '../repository/objects/list-objects';
import { liveBytes } from '../repository/segments/plan-segments';

/** Bytes of `_bulk` bodies that one chunk aims at. */
const CHUNK_BYTES = 128 * 1024 * 1024;
/** `_bulk` bodies are about this many times what is stored. */
const RAW_PER_STORED_BYTE = 4;

/** Neighbouring segments of a shard that one step restores: `[first, first + count)` of the shard manifest. */
interface SegmentRun {
  readonly first: number;
  readonly count: number;
  /** Documents it writes. */
  readonly documents: number;
  /** Objects it reads, and their stored bytes. */
  readonly objects: number;
  readonly storedBytes: number;
  /** Approximate bytes of the `_bulk` bodies it sends. */
  readonly rawBytes: number;
}

/**
 * Plans the chunks of an index of `storedBytes`. Very large indices get larger chunks, because the number of chunks
 * bounds the history. Throws what {@link Catalogue.readShardManifest} throws.
 */
export async function planIndexChunks(
  catalogue: Catalogue,
  { shards }: IndexEntry,
  storedBytes: number,
  signal: AbortSignal,
): Promise<RestoreChunk[]> {
  const targetBytes = Math.max(CHUNK_BYTES, Math.ceil((storedBytes * RAW_PER_STORED_BYTE) / MAX_CHUNKS));
  const chunks: RestoreChunk[] = [];
  for (const [shard, entry] of shards.entries()) {
    if (entry === null) continue;
    const manifest = await catalogue.readShardManifest(entry, { signal });
    for (const { first, count, documents, storedBytes: bytes, objects } of planRestoreChunks(manifest, targetBytes)) {
      chunks.push({ shard, first, count, documents, bytes, objects });
    }
  }
  return chunks;
}

/**
 * Cuts a shard into runs of about `targetBytes` of `_bulk` bodies, each at least one segment. Objects are always read
 * whole, because their hashes have to be checked.
 */
export function planRestoreChunks(manifest: ShardManifest, targetBytes: number): SegmentRun[] {
  const runs: SegmentRun[] = [];
  for (const [i, segment] of manifest.segments.entries()) {
    const one = runOf(i, segment);
    const last = runs.at(-1);
    if (last === undefined || last.rawBytes + one.rawBytes > targetBytes) runs.push(one);
    else runs[runs.length - 1] = joined(last, one);
  }
  return runs;
}

function runOf(first: number, segment: Segment): SegmentRun {
  return {
    first,
    count: 1,
    documents: segment.live,
    objects: segment.objects.length,
    storedBytes: bytesOf(segment.objects),
    rawBytes: liveBytes(segment),
  };
}

function joined(left: SegmentRun, right: SegmentRun): SegmentRun {
  return {
    first: left.first,
    count: left.count + right.count,
    documents: left.documents + right.documents,
    objects: left.objects + right.objects,
    storedBytes: left.storedBytes + right.storedBytes,
    rawBytes: left.rawBytes + right.rawBytes,
  };
}
