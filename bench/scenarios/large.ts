/** Measures one large index: first snapshot, nothing changed, 1 % updated, force-merged, restored. */
import { join } from 'node:path';
import { loadBare } from '../contenders/bare-loader';
import { readBare } from '../contenders/bare-reader';
import { type Contender } from '../contenders/contender';
import { Elasticdump, installElasticdump } from '../contenders/elasticdump';
import { Native } from '../contenders/native';
import { ossFolder, SnapkeepContender } from '../contenders/snapkeep';
import { type Bench, measures } from '../support/bench';
import { bulkBodies, numbersUpTo } from '../support/bodies';
import { countDocuments, deleteIndex, forceMerge, loadLogIndex, updateAtRandom } from '../support/log-index';

export const WORK = {
  first: 'first snapshot',
  unchanged: 'nothing changed',
  updated: '1 % updated at random',
  merged: 'force-merged',
  restore: 'restore',
} as const;
export const BARE_READER = 'bare reader';
export const BARE_LOADER = 'bare bulk loader';

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
        const { ms, bytes } = await contender.take(INDEX, label);
        results.add(work, contender.name, ms, bytes);
        say(`round ${round}: ${work}: ${contender.name} ${Math.round(ms)} ms, ${bytes} bytes`);
      }
    };
    const incremental = order.filter((contender) => !(contender instanceof Elasticdump));

    await takeAll(WORK.first, 'first', order);
    if (measures(bench, 'bare')) {
      const { ms, bytes } = await readBare(cluster, INDEX, SHARDS);
      results.add(WORK.first, BARE_READER, ms, bytes);
      say(`round ${round}: ${WORK.first}: ${BARE_READER} ${Math.round(ms)} ms, ${bytes} bytes`);
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
      await restored(bench, round, BARE_LOADER, (target) => loadBare(cluster, target, bodies, SHARDS));
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

/** Times one restore, and throws unless it brought all documents back. */
async function restored(
  { cluster, options, results, say }: Bench,
  round: number,
  name: string,
  restore: (target: string) => Promise<number>,
): Promise<void> {
  const target = `${INDEX}-restored`;
  const ms = await restore(target);
  const found = await countDocuments(cluster, target);
  if (found !== options.documents) throw new Error(`${name} restored ${found} of ${options.documents} documents`);
  await deleteIndex(cluster, target);
  results.add(WORK.restore, name, ms);
  say(`round ${round}: ${WORK.restore}: ${name} ${Math.round(ms)} ms`);
}
