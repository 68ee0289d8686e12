/** Measures one large index: first snapshot, nothing changed, 1 % updated, force-merged, restored. */
import { join } from 'node:path';
import { BARE_CODEC, compressBare } from '../contenders/bare-codec';
import { loadBare } from '../contenders/bare-loader';
import { BY_RANGES, IN_DOC_ORDER, readBare } from '../contenders/bare-reader';
import { type Contender } from '../contenders/contender';
import { Elasticdump, installElasticdump } from '../contenders/elasticdump';
import { Native } from '../contenders/native';
import { reindexLocally } from '../contenders/reindex';
import { ossFolder, SnapkeepContender } from '../contenders/snapkeep';
import { type Bench, measures } from '../support/bench';
import { bulkBodies, numbersUpTo } from '../support/bodies';
import { countDocuments, deleteIndex, forceMerge, loadLogIndex, updateAtRandom } from '../support/log-index';
import { metered } from '../support/metered';
import { type Reading } from '../support/results';

export const WORK = {
  first: 'first snapshot',
  unchanged: 'nothing changed',
  updated: '1 % updated at random',
  merged: 'force-merged',
  restore: 'restore',
} as const;
/** The bare readers: what the best of them takes is the least that reading costs. */
export const BARE_READERS = { 'bare reader, ranges': BY_RANGES, 'bare reader, _doc order': IN_DOC_ORDER } as const;
export const BARE_LOADERS = { fastest: 'bare bulk loader', usual: 'bulk load, refreshed every second' } as const;
export const REINDEX = '_reindex';

const INDEX = 'logs';
const SHARDS = 2;

export async function measureLarge(bench: Bench): Promise<void> {
  const { cluster, options, results, say } = bench;
  const { documents } = options;
  say(`loading ${documents} documents into [${INDEX}], ${SHARDS} shards`);
  await loadLogIndex(cluster, INDEX, documents, SHARDS);
  const contenders = await contendersOf(bench);
  const bodies = measures(bench, 'bare') ? [...bulkBodies(numbersUpTo(documents))] : [];

  for (let round = 1; round <= options.rounds; round++) {
    // Another contender is first in each round, because the first one finds colder caches.
    const first = (round - 1) % Math.max(1, contenders.length);
    const order = [...contenders.slice(first), ...contenders.slice(0, first)];
    for (const contender of order) await contender.prepare(round);
    const takeAll = async (work: string, label: string, takers: readonly Contender[]): Promise<void> => {
      for (const contender of takers) {
        const reading = await metered(bench, contender.name, () => contender.take(INDEX, label));
        results.add(work, contender.name, reading);
        say(`round ${round}: ${work}: ${contender.name} ${show(reading)}`);
      }
    };
    const incremental = order.filter((contender) => !(contender instanceof Elasticdump));

    await takeAll(WORK.first, 'first', order);
    if (measures(bench, 'bare')) {
      for (const [name, way] of Object.entries(BARE_READERS)) {
        const { ms, engineSeconds } = await metered(bench, name, () => readBare(cluster, INDEX, SHARDS, way));
        results.add(WORK.first, name, { ms, engineSeconds });
        say(`round ${round}: ${WORK.first}: ${name} ${show({ ms, engineSeconds })}`);
      }
      results.add(WORK.first, BARE_CODEC, compressBare(bodies));
    }
    await takeAll(WORK.unchanged, 'unchanged', incremental);
    await updateAtRandom(cluster, INDEX, { documents, count: Math.ceil(documents / 100), revision: round });
    await takeAll(WORK.updated, 'updated', incremental);
    await forceMerge(cluster, INDEX);
    await takeAll(WORK.merged, 'merged', incremental);

    for (const contender of order) {
      const label = contender instanceof Elasticdump ? 'first' : 'merged';
      await restored(bench, round, contender.name, (target) => contender.restore(INDEX, label, target));
    }
    if (measures(bench, 'bare')) {
      for (const [way, name] of Object.entries(BARE_LOADERS)) {
        const load = { bodies, shards: SHARDS, usual: way === 'usual' };
        await restored(bench, round, name, (target) => loadBare(cluster, target, load));
      }
    }
    if (measures(bench, 'reindex')) {
      await restored(bench, round, REINDEX, (target) => reindexLocally(cluster, INDEX, target, SHARDS));
    }
  }
  await deleteIndex(cluster, INDEX);
}

async function contendersOf(bench: Bench): Promise<Contender[]> {
  const { cluster, engine, dataDir, snapkeep, door, say } = bench;
  const contenders: Contender[] = [];
  if (snapkeep !== undefined && door !== undefined) {
    contenders.push(new SnapkeepContender(door, snapkeep.ossEndpoint, ossFolder(join(dataDir, 'snapkeep'))));
  }
  if (measures(bench, 'native')) contenders.push(new Native(cluster, engine.pathRepo, 'native', true));
  if (measures(bench, 'native-unthrottled')) {
    contenders.push(new Native(cluster, engine.pathRepo, 'native, unthrottled', false));
  }
  if (measures(bench, 'elasticdump')) {
    say('installing elasticdump, unless it is installed');
    contenders.push(new Elasticdump(cluster, await installElasticdump(), join(dataDir, 'elasticdump'), SHARDS));
  }
  return contenders;
}

/** Times one restore, and throws unless it brought all documents back. A contender that can't restore is left out. */
async function restored(
  bench: Bench,
  round: number,
  name: string,
  restore: (target: string) => Promise<number | undefined>,
): Promise<void> {
  const { cluster, options, results, say } = bench;
  const target = `${INDEX}-restored`;
  const reading = await metered(bench, name, async () => ({ ms: await restore(target) }));
  if (reading.ms !== undefined) {
    const found = await countDocuments(cluster, target);
    if (found !== options.documents) throw new Error(`${name} restored ${found} of ${options.documents} documents`);
    results.add(WORK.restore, name, reading);
  }
  await deleteIndex(cluster, target);
  say(`round ${round}: ${WORK.restore}: ${name} ${show(reading)}`);
}

function show({ ms, bytes, workerSeconds, engineSeconds }: Reading): string {
  if (ms === undefined) return 'is not there';
  const processor = [workerSeconds, engineSeconds].map((seconds) => (seconds === undefined ? '–' : seconds.toFixed(2)));
  return `${Math.round(ms)} ms, ${bytes ?? '–'} bytes, processor ${processor.join(' + ')} s`;
}
