/** Measures small snapshots: the cost of a job that has almost nothing to copy. */
import { takeSnapshot } from '../contenders/native';
import { registerRepository } from '../contenders/snapkeep';
import { type Bench, measures } from '../support/bench';
import { deleteIndex, loadLogIndex } from '../support/log-index';
import { SNAPKEEP } from '../support/metered';
import { elapsed } from '../support/statistics';

export const SMALL_WORK = 'small snapshot';

const DOCUMENTS = 100;
const TIMES = 20;

export async function measureSmall(bench: Bench): Promise<void> {
  const { cluster, door, snapkeep, engine, results, say } = bench;
  if (door !== undefined) await registerRepository(door, snapkeep!.ossEndpoint, 'small');
  const native = measures(bench, 'native');
  if (native) {
    await cluster.json('PUT', '/_snapshot/small-native', {
      type: 'fs',
      settings: { location: `${engine.pathRepo}/small-native` },
    });
  }
  // A new index each time, because an index that the repository holds already has nothing to copy.
  for (let i = 0; i < TIMES; i++) {
    const index = `small-${i}`;
    await loadLogIndex(cluster, index, DOCUMENTS, 1);
    if (door !== undefined) {
      results.add(SMALL_WORK, SNAPKEEP, { ms: await elapsed(() => takeSnapshot(door, 'small', index, index)) });
    }
    if (native) {
      results.add(SMALL_WORK, 'native', {
        ms: await elapsed(() => takeSnapshot(cluster, 'small-native', index, index)),
      });
    }
    await deleteIndex(cluster, index);
  }
  say(`${TIMES} small snapshots taken`);
}
