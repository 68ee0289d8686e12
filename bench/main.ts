/** `npm run bench`: Snapkeep against native snapshots, elasticdump and bare HTTP, on one real OpenSearch node. */
import { mkdtempSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { availableEngines, startEngine } from '../scripts/engines/start-engine';
import { goalsOf } from './goals';
import { type BenchOptions, readOptions } from './options';
import { goalsTable, resultsTable } from './report';
import { measureLarge } from './scenarios/large';
import { measureMany } from './scenarios/many';
import { measureMemory, type PeakMemory } from './scenarios/memory';
import { measureSmall } from './scenarios/small';
import { type Bench } from './support/bench';
import { BenchHttp } from './support/http';
import { Results } from './support/results';
import { startSnapkeep } from './support/snapkeep';

const ENGINE = 'opensearch-3.8';
const HEAP = '2g';

/** Steps that end what was started, in reverse order. They run on success, failure and signals. */
class Undo {
  private readonly steps: (() => Promise<unknown>)[] = [];
  private ending: Promise<void> | undefined;

  add(step: () => Promise<unknown>): void {
    this.steps.unshift(step);
  }

  run(): Promise<void> {
    this.ending ??= (async () => {
      for (const step of this.steps) await step().catch((error: unknown) => console.error(error));
    })();
    return this.ending;
  }
}

async function main(options: BenchOptions, undo: Undo): Promise<void> {
  const missing = availableEngines().find(({ name }) => name === ENGINE)?.missing;
  if (missing !== undefined) throw new Error(missing);
  const began = performance.now();
  const say = (line: string): void => {
    console.error(`[${((performance.now() - began) / 1_000).toFixed(1).padStart(6)} s] ${line}`);
  };
  const dataDir = mkdtempSync(join(tmpdir(), 'snapkeep-bench-'));
  undo.add(() => rm(dataDir, { recursive: true, force: true }));
  say(`starting ${ENGINE}, heap ${HEAP}`);
  const engine = await startEngine(ENGINE, { dataDir: join(dataDir, 'cluster'), javaHeap: HEAP });
  undo.add(() => engine.stop());
  const cluster = new BenchHttp(engine.url);
  undo.add(() => cluster.close());
  const bench: Bench = { options, engine, cluster, dataDir, results: new Results(), say, ...(await snapkeepParts()) };

  async function snapkeepParts(): Promise<Pick<Bench, 'snapkeep' | 'door'>> {
    if (!options.contenders.includes('snapkeep')) return {};
    say('starting Snapkeep');
    const snapkeep = await startSnapkeep(engine.url, join(dataDir, 'snapkeep'));
    undo.add(() => snapkeep.stop());
    const door = new BenchHttp(snapkeep.url);
    undo.add(() => door.close());
    return { snapkeep, door };
  }

  let peaks: PeakMemory[] = [];
  if (options.scenarios.includes('large')) await measureLarge(bench);
  if (options.scenarios.includes('small')) await measureSmall(bench);
  if (options.scenarios.includes('many')) await measureMany(bench);
  if (options.scenarios.includes('memory')) peaks = await measureMemory(bench);

  const goals = goalsOf(bench.results, peaks);
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.version}`;
  console.log(`\nOpenSearch ${engine.version}, ${options.documents} documents, ${options.rounds} rounds; ${machine}\n`);
  console.log(resultsTable(bench.results));
  if (goals.length > 0) console.log(`\n${goalsTable(goals)}`);
  if (options.json !== undefined) {
    const everything = { machine, options, results: bench.results.all, peaks, goals };
    await writeFile(options.json, `${JSON.stringify(everything, null, 2)}\n`);
  }
}

const undo = new Undo();
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => void undo.run().then(() => process.exit(code)));
}

main(readOptions(process.argv), undo)
  .finally(() => undo.run())
  .then(
    () => process.exit(0),
    (error: unknown) => {
      console.error(error instanceof Error ? error.message : error);
      process.exit(1);
    },
  );
