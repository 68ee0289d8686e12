import { type JobOptions } from '../src/contracts/jobs/job';
import { type RestoreChunk, type RestoredChunk } from '../src/contracts/jobs/restore';
import { type RestoreCursor } from '../src/restoring/chunk-progress';
import { restoreChunk } from '../src/restoring/restore-chunk';
import { runActivity } from './activity-shell';
import { type Dependencies } from './dependencies';
import { type Ledger } from './ledger-client';
import { type IndexCall } from './restore-activities';

/** The activity that writes documents into restored indices, on the data queue. */
export function restoreChunkActivities({ cluster, pool }: Dependencies, ledger: Ledger) {
  return {
    /**
     * Writes some segments of one shard into the index. A repeated attempt goes on from the last cursor; cancelled, it
     * stops, and `undoIndex` deletes what was written. Its failure is final once it had no progress for the job's retry
     * window. Throws `document_rejected` when the cluster refuses a document.
     */
    restoreChunk: (call: IndexCall & { chunk: RestoreChunk; options: JobOptions }): Promise<RestoredChunk> =>
      runActivity<RestoredChunk, RestoreCursor>((run) => {
        const { store, catalogue } = ledger.open(call.repository);
        const restore = { cluster, pool, store, catalogue, signal: run.signal };
        return restoreChunk(restore, call, run.resumeFrom, { onAdvance: run.advance, onShow: run.show });
      }, call.options.retryWindowMs),
  };
}
