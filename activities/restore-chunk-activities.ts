import { type JobOptions } from '../src/contracts/jobs/job';
import { type PreparedIndex, type RestoreChunk, type RestoredChunk } from '../src/contracts/jobs/restore';
import { type RestoreCursor } from '../src/restoring/chunk-progress';
import { loadIndices } from '../src/restoring/load-indices';
import { restoreChunk } from '../src/restoring/restore-chunk';
import { runActivity } from './activity-shell';
import { type Dependencies } from './dependencies';
import { type Ledger } from './ledger-client';
import { type IndexCall, type IndicesCall } from './restore-activities';

/** The argument of `loadIndices`. */
interface LoadCall extends IndicesCall {
  readonly prepared: readonly Omit<PreparedIndex, 'leftOut'>[];
  readonly options: JobOptions;
}

/** The activities that write documents into restored indices, on the data queue. */
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

    /**
     * Writes several small indices. Returns for each whether it was written whole; `restoreChunk` writes the others. A
     * repeated attempt skips the indices that are written.
     */
    loadIndices: (call: LoadCall): Promise<boolean[]> =>
      runActivity<boolean[], readonly boolean[]>((run) => {
        const { store, catalogue } = ledger.open(call.repository);
        return loadIndices({ cluster, pool, store, catalogue, signal: run.signal }, call, run.resumeFrom, run.advance);
      }, call.options.retryWindowMs),
  };
}
