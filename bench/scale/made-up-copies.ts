/** Makes up what copying a shard leaves behind: its manifest, and its entry in the manifest of the snapshot. */
import { createHash } from 'node:crypto';
import { mostChunks, type ShardGroup } from '../../src/contracts/jobs/copy';
import { type ObjectRef, type ShardEntry } from '../../src/contracts/stored';
import { MARKS } from '../../src/documents/marks';
import { type Segment, type ShardManifest } from '../../src/repository/format/format';
import { newAttempt, segmentKey, shardManifestName } from '../../src/repository/format/keys';
import { type ChangedShard } from '../../src/snapshotting/job-plan';
import { SHARD } from './made-up-cluster';

/** Stored bytes of one byte of JSON: what the benchmark's documents need. */
const STORED_PER_JSON = 0.2;
/** Stored bytes of a segment, and bytes of JSON of a page, which becomes one frame (src/repository/segments). */
const SEGMENT_BYTES = 8 * 1024 * 1024;
const PAGE_BYTES = 3 * 1024 * 1024;
/** Bytes that one chunk of a large shard aims at (src/snapshotting/plan-chunks.ts). */
const CHUNK_BYTES = 128 * 1024 * 1024;

/** What one shard of the made-up cluster comes to, counted from the constants of the code. */
export const COPY = {
  segments: Math.ceil((SHARD.jsonBytes * STORED_PER_JSON) / SEGMENT_BYTES),
  storedBytes: SHARD.jsonBytes * STORED_PER_JSON,
  /** Searches that read it. */
  pages: Math.ceil(SHARD.jsonBytes / PAGE_BYTES),
};

/** Returns the number of chunks in which a shard of so many expected bytes is copied, as one of its group. */
export function chunksOf(bytes: number, group: Pick<ShardGroup, 'count'>): number {
  return Math.min(mostChunks(group), Math.max(1, Math.ceil(bytes / CHUNK_BYTES)));
}

/** Makes up the manifest of a copied shard. */
export function madeUpManifest(snapshotUuid: string, { plan, index, shard }: ChangedShard): ShardManifest {
  const place = { snapshotUuid, indexUuid: index.uuid, shard };
  const each = Math.ceil(plan.documents / COPY.segments);
  const pages = Math.ceil(COPY.pages / COPY.segments);
  const segments = Array.from({ length: COPY.segments }, (_, i): Segment => {
    const from = i * each;
    const to = Math.min(plan.documents, from + each);
    const perPage = Math.floor((to - from) / pages);
    return {
      from,
      to,
      sealed: true,
      codec: 'zstd',
      objects: [reference(segmentKey(place, { from, to }, newAttempt(), 'zstd'), SEGMENT_BYTES)],
      frames: Array.from({ length: pages }, () => ({
        length: Math.floor(SEGMENT_BYTES / pages),
        rawLength: PAGE_BYTES,
        documents: perPage,
      })),
      seqNos: Array.from({ length: pages }, (__, k) => `${from + k * perPage}+${perPage}`),
      deleted: '',
      stored: pages * perPage,
      live: pages * perPage,
      marks: Array.from({ length: MARKS }, (__, k) => `${to - 1 - k}:${sha256(`${from} ${k}`).slice(0, 16)}`),
    };
  });
  const last = plan.documents - 1;
  return { format: 1, identity: plan.identity, maxSeqNo: last, sealedThrough: last, segments };
}

/** Makes up the entry of a copied shard; `length` is that of its stored manifest. */
export function madeUpEntry(
  snapshotUuid: string,
  changed: ChangedShard,
  totals: ShardEntry['totals'],
  length: number,
): ShardEntry {
  const { plan, index, shard } = changed;
  const name = shardManifestName({ snapshotUuid, indexUuid: index.uuid, shard }, newAttempt());
  return {
    manifest: reference(`${name}.gz`, length),
    historyUuid: plan.identity.historyUuid,
    maxSeqNo: plan.documents - 1,
    sealedThrough: plan.documents - 1,
    session: plan.session,
    totals,
    startMillis: Date.UTC(2026, 0, 1),
    millis: 3_600_000,
  };
}

function reference(key: string, length: number): ObjectRef {
  return { key, length, sha256: sha256(key) };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
