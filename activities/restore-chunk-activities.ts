import { type WriteConflicts } from '../src/cluster/writing/bulk-writer';
import { SnapkeepError } from '../src/contracts/errors';
import { bounded } from '../src/contracts/jobs/bounded';
import { MAX_LISTED } from '../src/contracts/jobs/bounded';
import { type CopyProgress, type JobOptions } from '../src/contracts/jobs/job';
import { type RestoreChunk, type RestoredChunk } from '../src/contracts/jobs/restore';
import { readSegments } from '../src/repository/segments/read-segments';
import { runActivity } from './activity-shell';
import { type Dependencies } from './dependencies';
import { type Ledger } from './ledger-client';
import { type IndexCall } from './restore-activities';

/** Where a retry goes on: the first segment of the chunk that may not be written yet. */
interface RestoreCursor {
  readonly segment: number;
  readonly done: CopyProgress;
  /** Bytes of `_bulk` bodies that the cluster has taken up to this segment. */
  readonly takenBytes: number;
  /** The same of the attempt that got furthest. */
  readonly furthestBytes: number;
  readonly conflicts: WriteConflicts;
}

/** The cursor moves at this pace, ms: what a crash of the worker makes another write again, at most. */
const CURSOR_MS = 3_000;
const START: RestoreCursor = {
  segment: 0,
  done: { documents: 0, objects: 0, bytes: 0 },
  takenBytes: 0,
  furthestBytes: 0,
  conflicts: { total: 0, ids: [] },
};

export function restoreDataActivities({ cluster, pool }: Dependencies, ledger: Ledger) {
  return {
    /**
     * Writes some segments of one shard into the index. Writing one twice changes nothing (`external_gte`), so a retry
     * goes on from the last cursor: what the cluster has acknowledged is on its disk. A document that the cluster
     * rejects ends the restore of the index with the reason; one of which somebody wrote a newer version is kept as
     * that one is, and counted.
     */
    restoreChunk: (call: IndexCall & { chunk: RestoreChunk; options: JobOptions }): Promise<RestoredChunk> =>
      runActivity<RestoredChunk, RestoreCursor>(async (run) => {
        const { signal } = run;
        const { store, catalogue } = ledger.open(call.repository);
        const manifest = await catalogue.readSnapshotManifest(call.manifest, { signal });
        const shard = manifest.indices[call.index.ordinal].shards[call.chunk.shard];
        if (shard === null)
          throw new SnapkeepError('internal', `shard [${call.chunk.shard}] of [${call.index.source}] holds nothing`);
        const { segments } = await catalogue.readShardManifest(shard, { signal });
        const own = segments.slice(call.chunk.first, call.chunk.first + call.chunk.count);
        let cursor = run.resumeFrom ?? START;
        let { done, conflicts, takenBytes } = cursor;
        let moved = Date.now();
        const writer = cluster.bulkWriter(call.index.target, call.index.alias, {
          signal,
          onConflict: ({ total, ids }) => {
            conflicts = { total: conflicts.total + total, ids: [...conflicts.ids, ...ids].slice(0, MAX_LISTED) };
          },
          onWritten: (bytes) => {
            takenBytes += bytes;
            // Taking again what an earlier attempt had written is no progress: the retry window goes on.
            if (takenBytes <= cursor.furthestBytes) return;
            cursor = { ...cursor, furthestBytes: takenBytes };
            run.advance(cursor);
          },
        });
        try {
          const frames = readSegments(own, {
            store,
            pool,
            from: { segment: cursor.segment, frame: 0 },
            signal,
            onRead: (bytes) => {
              done = { ...done, objects: done.objects + 1, bytes: done.bytes + bytes };
            },
          });
          for await (const frame of frames) {
            if (frame.segment !== cursor.segment && Date.now() - moved > CURSOR_MS) {
              // Only what the cluster has acknowledged may be skipped by a retry.
              await writer.flush();
              moved = Date.now();
              cursor = {
                ...cursor,
                segment: frame.segment,
                done: countOf(own.slice(0, frame.segment)),
                takenBytes,
                conflicts,
              };
              run.advance(cursor);
            }
            await writer.write(frame.body);
            done = { ...done, documents: done.documents + frame.documents };
            run.show(done);
          }
          await writer.flush();
        } catch (error) {
          await writer.abort();
          throw error;
        }
        return { ...done, conflicts: { ...bounded(conflicts.ids), total: conflicts.total } };
      }, call.options.retryWindowMs),
  };
}

/** What segments before a cursor came to; what was read ahead of it will be read again. */
function countOf(segments: readonly { live: number; objects: readonly { length: number }[] }[]): CopyProgress {
  return {
    documents: segments.reduce((sum, segment) => sum + segment.live, 0),
    objects: segments.reduce((sum, segment) => sum + segment.objects.length, 0),
    bytes: segments.reduce((sum, segment) => sum + segment.objects.reduce((all, object) => all + object.length, 0), 0),
  };
}
