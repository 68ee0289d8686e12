/** Measures whether more workers are faster where the store is the bottleneck: each may send so many bytes a second. */
import { takeSnapshot } from '../contenders/native';
import { registerRepository } from '../contenders/snapkeep';
import { type Bench } from '../support/bench';
import { deleteIndex, loadLogIndex } from '../support/log-index';
import { SNAPKEEP } from '../support/metered';
import { elapsed } from '../support/statistics';

/** Returns how a first snapshot by so many workers is called in results. */
export function workersWork(workers: number): string {
  return `first snapshot, throttled store, ${workers} worker${workers === 1 ? '' : 's'}`;
}

const INDEX = 'workers';
/** Enough shards for several groups, which is what workers share. */
const SHARDS = 16;
const THROTTLED_SECONDS = 30;
const STORED_BYTES = 80;

export async function measureWorkers({ cluster, door, snapkeep, options, results, say }: Bench): Promise<void> {
  if (door === undefined || snapkeep === undefined || options.workers < 2) return;
  await loadLogIndex(cluster, INDEX, options.documents, SHARDS);
  const bytesPerSecond = Math.round((options.documents * STORED_BYTES) / THROTTLED_SECONDS);
  const further: (() => Promise<void>)[] = [];
  try {
    for (let workers = 1; workers <= options.workers; workers++) {
      if (workers > 1) further.push(await snapkeep.addWorker());
      for (let round = 1; round <= options.rounds; round++) {
        const repository = `workers-${workers}-${round}`;
        const throttle = { max_snapshot_bytes_per_sec: `${bytesPerSecond}b` };
        await registerRepository(door, snapkeep.ossEndpoint, repository, throttle);
        const ms = await elapsed(() => takeSnapshot(door, repository, 'first', INDEX));
        results.add(workersWork(workers), SNAPKEEP, { ms });
        say(`round ${round}: ${workersWork(workers)}: ${Math.round(ms)} ms`);
      }
    }
  } finally {
    for (const end of further) await end();
  }
  await deleteIndex(cluster, INDEX);
}
