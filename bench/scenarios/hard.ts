/** Measures what reading hard indices costs the cluster: a first snapshot against the two plain ways to read. */
import { PAGES, readBare, SCROLLING } from '../contenders/bare-reader';
import { takeSnapshot } from '../contenders/native';
import { registerRepository } from '../contenders/snapkeep';
import { type HardCase } from '../hard-cases';
import { type Bench, measures } from '../support/bench';
import { loadHardIndex } from '../support/hard-index';
import { deleteIndex } from '../support/log-index';
import { metered, SNAPKEEP } from '../support/metered';
import { type Reading } from '../support/results';
import { elapsed } from '../support/statistics';

export const BY_PAGES = 'pages by _seq_no';
const BY_SCROLLING = 'scrolling in _doc order';

/** Returns how the reading of a hard index is called in results. */
export function hardWork({ name }: HardCase): string {
  return `hard: ${name}`;
}

const INDEX = 'hard';
const MILLION = 1e6;

export async function measureHard(bench: Bench): Promise<void> {
  const { cluster, door, snapkeep, options, results, say } = bench;
  for (const one of options.hardCases) {
    const left = await loadHardIndex(cluster, INDEX, options.hardDocuments, one);
    const { segments } = await segmentsOf(bench);
    say(`${hardWork(one)}: ${left} documents in ${segments} segments`);
    const perMillion = (reading: Reading): Reading => ({
      ...reading,
      engineSeconds: ((reading.engineSeconds ?? NaN) / left) * MILLION,
      ...(reading.workerSeconds === undefined ? {} : { workerSeconds: (reading.workerSeconds / left) * MILLION }),
    });
    const contenders: [string, (round: number) => Promise<Reading>][] = [];
    if (door !== undefined) {
      contenders.push([
        SNAPKEEP,
        async (round) => {
          const repository = `hard-${one.name}-${round}`;
          await registerRepository(door, snapkeep!.ossEndpoint, repository);
          return metered(bench, SNAPKEEP, async () => ({
            ms: await elapsed(() => takeSnapshot(door, repository, 'first', INDEX)),
          }));
        },
      ]);
    }
    if (measures(bench, 'bare')) {
      for (const [name, reading] of [
        [BY_PAGES, PAGES],
        [BY_SCROLLING, SCROLLING],
      ] as const) {
        contenders.push([name, () => metered(bench, name, () => readBare(cluster, INDEX, 1, reading))]);
      }
    }
    for (let round = 1; round <= options.rounds; round++) {
      // Another contender is first in each round, because the first one finds colder caches.
      for (let i = 0; i < contenders.length; i++) {
        const [name, work] = contenders[(i + round - 1) % contenders.length]!;
        const reading = perMillion(await work(round));
        results.add(hardWork(one), name, { ...reading, bytes: undefined });
        say(`round ${round}: ${hardWork(one)}: ${name} ${reading.engineSeconds?.toFixed(1)} s of the engine a million`);
      }
    }
    await deleteIndex(cluster, INDEX);
  }
}

async function segmentsOf({ cluster }: Bench): Promise<{ segments: number }> {
  const { _all } = await cluster.json<{ _all: { primaries: { segments: { count: number } } } }>(
    'GET',
    `/${INDEX}/_stats/segments`,
  );
  return { segments: _all.primaries.segments.count };
}
