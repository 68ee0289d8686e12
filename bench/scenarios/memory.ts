/** Measures the worker's peak resident memory while it copies and restores indices of very different sizes. */
import { restoreSnapshot, takeSnapshot } from '../contenders/native';
import { registerRepository } from '../contenders/snapkeep';
import { type Bench } from '../support/bench';
import { deleteIndex, loadLogIndex } from '../support/log-index';

export interface PeakMemory {
  readonly documents: number;
  /** Peak resident bytes: after a snapshot, and after a restore that follows it. */
  readonly snapshotBytes: number;
  readonly restoreBytes: number;
}

const SMALLEST = 10_000;

export async function measureMemory({ cluster, door, snapkeep, options, say }: Bench): Promise<PeakMemory[]> {
  if (door === undefined || snapkeep === undefined) return [];
  const sizes = [SMALLEST, options.documents, ...(options.memory === undefined ? [] : [options.memory])];
  const peaks: PeakMemory[] = [];
  for (const documents of sizes) {
    const index = `memory-${documents}`;
    await loadLogIndex(cluster, index, documents, 2);
    await registerRepository(door, snapkeep.ossEndpoint, index);
    await snapkeep.restartWorker();
    await takeSnapshot(door, index, 'one', index);
    const snapshotBytes = snapkeep.workerPeakBytes();
    await restoreSnapshot(door, index, 'one', { index, target: `${index}-restored` });
    peaks.push({ documents, snapshotBytes, restoreBytes: snapkeep.workerPeakBytes() });
    await deleteIndex(cluster, `${index},${index}-restored`);
    say(`peak memory with ${documents} documents: ${JSON.stringify(peaks.at(-1))}`);
  }
  return peaks;
}
