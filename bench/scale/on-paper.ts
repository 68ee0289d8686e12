/** Computes what one snapshot of a very large cluster takes, from the constants of the code and a few assumptions. */
import { largeGroupShards } from '../../src/snapshotting/job-plan';
import { type Figure } from './figures';
import { SHARD } from './made-up-cluster';
import { chunksOf, COPY } from './made-up-copies';

/** What docs/scale.md assumes, and says there. */
const ASSUMED = {
  /** Worker's processor seconds for a GB of documents, to be had from `npm run bench`; processors of a worker. */
  secondsPerGigabyte: 12,
  processors: 4,
  /** Prices in USD: of 10,000 requests of either kind, and of a GB that is stored for a month. */
  per10000Puts: 0.01,
  per10000Gets: 0.01,
  perGigabyteMonth: 0.0173,
};

/**
 * Activities of one snapshot that copy at the same time: groups (workflows/create-snapshot.ts), times shards and chunks
 * of a group (workflows/copy-shard-group.ts).
 */
const ACTIVITIES_AT_ONCE = 8 * 2 * 2;
/** The estimate of src/snapshotting/plan-snapshot.ts by which shards are cut into chunks. */
const JSON_PER_STORED_BYTE = 2;
/** A chunk notes its segments at this interval (src/snapshotting/copy-chunk.ts). */
const NOTE_SECONDS = 3;
/** `GET` requests that a restore sends for a segment. */
const GETS_PER_SEGMENT = 1;
/** Searches of a chunk besides its pages: its histogram; of a shard besides its chunks: checkpoint, view, counts. */
const SEARCHES_PER_CHUNK = 1;
const SEARCHES_PER_SHARD = 6;

/** Returns what the first snapshot of so many shards comes to with so many workers. */
export function onPaper(shards: number, workers: number): Figure[] {
  const gigabytes = (shards * SHARD.jsonBytes) / 1e9;
  const chunks = chunksOf(SHARD.storeBytes * JSON_PER_STORED_BYTE, { count: largeGroupShards(shards) });
  const segments = shards * COPY.segments;
  const chunkSeconds = ((SHARD.jsonBytes / 1e9) * ASSUMED.secondsPerGigabyte) / chunks;
  const notes = Math.ceil(chunkSeconds / NOTE_SECONDS);
  // Where a chunk leaves more than one note, they are read and joined.
  const joined = notes > 1 ? { puts: 1, gets: notes } : { puts: 0, gets: 0 };
  // Segments, notes of chunks, shard manifests; each worker reads the plan, and settling the notes.
  const puts = segments + shards * (chunks * (notes + joined.puts) + 1);
  const gets = workers + shards * chunks * (joined.gets + 1);
  const searches = shards * (COPY.pages + chunks * SEARCHES_PER_CHUNK + SEARCHES_PER_SHARD);
  const seconds = gigabytes * ASSUMED.secondsPerGigabyte;
  const all = workers * ASSUMED.processors;
  const stored = (shards * COPY.storedBytes) / 1e9;
  const figure = (what: string, value: number, unit: Figure['unit']): Figure => ({ what, value, unit });
  return [
    figure('documents as JSON', gigabytes * 1e9, 'bytes'),
    figure('stored', stored * 1e9, 'bytes'),
    figure('segments, each one object', segments, 'count'),
    figure('searches that read', searches, 'count'),
    figure('chunks of a shard, each an activity', chunks, 'count'),
    figure('PUT requests', puts, 'count'),
    figure('GET requests', gets, 'count'),
    figure('price of the requests', requestPrice(puts, gets), 'USD'),
    figure('price of a month of storage', stored * ASSUMED.perGigabyteMonth, 'USD'),
    figure('GET requests of a restore', segments * GETS_PER_SEGMENT + shards, 'count'),
    figure('price of the requests of a restore', requestPrice(0, segments * GETS_PER_SEGMENT + shards), 'USD'),
    figure("workers' processor time", seconds * 1_000, 'ms'),
    figure('activities of one snapshot at once', ACTIVITIES_AT_ONCE, 'count'),
    figure(
      'time of one snapshot, a processor for each of them',
      (seconds / Math.min(all, ACTIVITIES_AT_ONCE)) * 1_000,
      'ms',
    ),
    figure(`time, were all ${workers} workers of ${ASSUMED.processors} processors busy`, (seconds / all) * 1_000, 'ms'),
  ];
}

function requestPrice(puts: number, gets: number): number {
  return (puts * ASSUMED.per10000Puts + gets * ASSUMED.per10000Gets) / 10_000;
}
