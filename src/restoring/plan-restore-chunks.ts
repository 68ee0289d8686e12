import { type ShardManifest } from '../repository/format/format';
import { bytesOf } from '../repository/objects/list-objects';
import { liveBytes } from '../repository/segments/plan-segments';

/** Neighbouring segments of a shard that one step restores: `[first, first + count)` of the shard manifest. */
export interface RestoreChunk {
  readonly first: number;
  readonly count: number;
  /** Documents it writes. */
  readonly documents: number;
  /** Stored bytes it reads. */
  readonly storedBytes: number;
  /** Bytes of `_bulk` bodies it sends, about. */
  readonly rawBytes: number;
}

/**
 * Cuts a shard into chunks of about `targetBytes` of `_bulk` bodies, a segment at the least: objects are always read whole,
 * since their hashes have to be checked.
 */
export function planRestoreChunks(manifest: ShardManifest, targetBytes: number): RestoreChunk[] {
  const chunks: RestoreChunk[] = [];
  for (const [i, segment] of manifest.segments.entries()) {
    const one = {
      documents: segment.live,
      storedBytes: bytesOf(segment.objects),
      rawBytes: liveBytes(segment),
    };
    const last = chunks.at(-1);
    if (last === undefined || last.rawBytes + one.rawBytes > targetBytes) chunks.push({ first: i, count: 1, ...one });
    else {
      chunks[chunks.length - 1] = {
        first: last.first,
        count: last.count + 1,
        documents: last.documents + one.documents,
        storedBytes: last.storedBytes + one.storedBytes,
        rawBytes: last.rawBytes + one.rawBytes,
      };
    }
  }
  return chunks;
}
