/** Measures many indices of one shard: the first snapshot, one in which nothing changed, and the restore. */
import { restoreSnapshot, takeSnapshot } from '../contenders/native';
import { registerRepository } from '../contenders/snapkeep';
import { type Bench, measures } from '../support/bench';
import { bulkBodies, numbersUpTo } from '../support/bodies';
import { type BenchHttp } from '../support/http';
import { inFlight } from '../support/in-flight';
import { createLogIndex, deleteIndex, sendBodies } from '../support/log-index';
import { metered, SNAPKEEP } from '../support/metered';
import { type Reading } from '../support/results';
import { elapsed } from '../support/statistics';

export const INDICES_WORK = {
  first: 'many indices: first snapshot',
  unchanged: 'many indices: nothing changed',
  restore: 'many indices: restore',
} as const;

const PREFIX = 'one-';
const DOCUMENTS = 20;
const CREATED_AT_ONCE = 4;
/** Indices of one request that deletes them, so that its path stays short. */
const DELETED_AT_ONCE = 100;

export async function measureIndices(bench: Bench): Promise<void> {
  const { cluster, door, snapkeep, engine, options, results, say } = bench;
  // Restored beside the originals, they are twice as many; the default is 1,000 shards a node.
  await cluster.json('PUT', '/_cluster/settings', {
    persistent: { 'cluster.max_shards_per_node': 2 * options.indices + 1_000 },
  });
  const names = Array.from({ length: options.indices }, (_, i) => `${PREFIX}${String(i).padStart(5, '0')}`);
  await createAll(cluster, names);
  say(`${names.length} indices of one shard made`);
  const sides: [string, BenchHttp, string][] = [];
  if (door !== undefined) sides.push([SNAPKEEP, door, 'indices']);
  if (measures(bench, 'native')) sides.push(['native', cluster, 'indices-native']);
  for (let round = 1; round <= options.rounds; round++) {
    for (const [name, http, prefix] of sides) {
      const repository = `${prefix}-${round}`;
      if (name === SNAPKEEP) await registerRepository(http, snapkeep!.ossEndpoint, repository);
      else {
        const settings = { location: `${engine.pathRepo}/${repository}` };
        await http.json('PUT', `/_snapshot/${repository}`, { type: 'fs', settings });
      }
      const timed = async (work: string, run: () => Promise<void>): Promise<void> => {
        const reading: Reading = await metered(bench, name, async () => ({ ms: await elapsed(run) }));
        results.add(work, name, reading);
        say(`round ${round}: ${work}: ${name} ${Math.round(reading.ms!)} ms`);
      };
      const index = `${PREFIX}*`;
      await timed(INDICES_WORK.first, () => takeSnapshot(http, repository, 'first', index));
      await timed(INDICES_WORK.unchanged, () => takeSnapshot(http, repository, 'unchanged', index));
      await timed(INDICES_WORK.restore, () =>
        restoreSnapshot(http, repository, 'first', { index, target: 'back-$1', pattern: '(.+)' }),
      );
      await deleteAll(
        cluster,
        names.map((one) => `back-${one}`),
      );
    }
  }
  await deleteAll(cluster, names);
}

async function createAll(http: BenchHttp, names: readonly string[]): Promise<void> {
  const bodies = [...bulkBodies(numbersUpTo(DOCUMENTS))];
  await inFlight(names, CREATED_AT_ONCE, async (name) => {
    await createLogIndex(http, name, 1);
    await sendBodies(http, name, bodies);
  });
  await http.json('POST', `/${PREFIX}*/_refresh`);
  await http.json('POST', `/${PREFIX}*/_flush?wait_if_ongoing=true`);
}

async function deleteAll(http: BenchHttp, names: readonly string[]): Promise<void> {
  for (let from = 0; from < names.length; from += DELETED_AT_ONCE) {
    await deleteIndex(http, names.slice(from, from + DELETED_AT_ONCE).join(','));
  }
}
