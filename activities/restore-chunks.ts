import { type CopyProgress, type IndexRestore, type JobOptions, type RestoreChunk } from '../src/contracts/jobs';
import { SnapkeepError } from '../src/contracts/errors';
import { readSegments } from '../src/repository/read-segments';
import { type Dependencies } from './dependencies';
import { type Ledger } from './ledger';
import { type RestoreJob } from './restores';
import { runActivity } from './run';

/** Where a retry goes on: the first segment of the chunk that may not be written yet. */
interface RestoreCursor {
  readonly segment: number;
  readonly done: CopyProgress;
}

/** The cursor moves at this pace, ms: what a crash of the worker makes another write again, at most. */
const CURSOR_MS = 3_000;

export function restoreDataActivities({ cluster, pool }: Dependencies, ledger: Ledger) {
  return {
    /**
     * Writes some segments of one shard into the index. Writing one twice changes nothing (`external_gte`), so a retry
     * goes on from the last cursor. A document that the cluster rejects ends the restore of the index with the reason.
     */
    restoreChunk: (
      call: RestoreJob & { index: IndexRestore; chunk: RestoreChunk; options: JobOptions },
    ): Promise<CopyProgress> =>
      runActivity<CopyProgress, RestoreCursor>(async (run) => {
        const { signal } = run;
        const { store, catalogue } = ledger.open(call.repository);
        const manifest = await catalogue.readSnapshotManifest(call.manifest, { signal });
        const shard = manifest.indices[call.index.ordinal].shards[call.chunk.shard];
        if (shard === null)
          throw new SnapkeepError('internal', `shard [${call.chunk.shard}] of [${call.index.source}] holds nothing`);
        const { segments } = await catalogue.readShardManifest(shard, { signal });
        const own = segments.slice(call.chunk.first, call.chunk.first + call.chunk.count);
        const from = run.resumeFrom ?? { segment: 0, done: { documents: 0, objects: 0, bytes: 0 } };
        let done = from.done;
        let reached = from.segment;
        let moved = Date.now();
        const writer = cluster.bulkWriter(call.index.target, call.index.alias, { signal });
        try {
          const frames = readSegments(own, {
            store,
            pool,
            from: { segment: from.segment, frame: 0 },
            signal,
            onRead: (bytes) => {
              done = { ...done, objects: done.objects + 1, bytes: done.bytes + bytes };
            },
          });
          for await (const frame of frames) {
            if (frame.segment !== reached && Date.now() - moved > CURSOR_MS) {
              // Only what the cluster has acknowledged may be skipped by a retry.
              await writer.flush();
              reached = frame.segment;
              moved = Date.now();
              run.advance({ segment: reached, done: countOf(own.slice(0, reached)) });
            }
            await writer.write(frame.body);
            done = { ...done, documents: done.documents + frame.documents };
            run.progress(done);
          }
          await writer.flush();
        } catch (error) {
          await writer.abort();
          throw error;
        }
        return done;
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
