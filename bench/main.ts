/** `npm run bench`: Snapkeep against native snapshots, elasticdump, `_reindex` and bare HTTP, on one real node. */
import { mkdtempSync, readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { availableEngines, startEngine } from '../scripts/engines/start-engine';
import { chartOf } from './chart';
import { type Goal, goalsOf } from './goals';
import { type BenchOptions, readOptions, type Scenario } from './options';
import { goalsTable, resultsTable } from './report';
import { figuresTable } from './scale/figures';
import { measureShards } from './scale/measure-shards';
import { onPaper } from './scale/on-paper';
import { measureHard } from './scenarios/hard';
import { measureIndices } from './scenarios/indices';
import { measureLarge } from './scenarios/large';
import { measureMany } from './scenarios/many';
import { measureMemory, type PeakMemory } from './scenarios/memory';
import { measureMoment } from './scenarios/moment';
import { measureSmall } from './scenarios/small';
import { measureWorkers } from './scenarios/workers';
import { type Bench } from './support/bench';
import { BenchHttp } from './support/http';
import { Results } from './support/results';
import { startSnapkeep } from './support/snapkeep';

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
  const began = performance.now();
  const say = (line: string): void => {
    console.error(`[${((performance.now() - began) / 1_000).toFixed(1).padStart(6)} s] ${line}`);
  };
  if (options.from !== undefined) {
    const runs = options.from.map(
      (file) => JSON.parse(readFileSync(file, 'utf8')) as { engine: string; goals: Goal[] },
    );
    const goals = runs.flatMap((run) => run.goals);
    console.log(goalsTable(goals));
    if (options.svg !== undefined) await writeFile(options.svg, chartOf(goals, `Snapkeep on ${runs[0]!.engine}`));
    return;
  }
  const dataDir = mkdtempSync(join(tmpdir(), 'snapkeep-bench-'));
  undo.add(() => rm(dataDir, { recursive: true, force: true }));
  if (options.shards !== undefined) {
    const { shards, workers } = options;
    const [simulated, computed] = [await measureShards(shards, dataDir, say), onPaper(shards, workers)];
    console.log(figuresTable(`${shards} shards, simulated`, simulated));
    console.log(figuresTable(`${shards} shards, on paper`, computed));
    if (options.json !== undefined)
      await writeFile(options.json, `${JSON.stringify({ simulated, computed }, null, 2)}\n`);
    return;
  }
  const available = availableEngines().find(({ name }) => name === options.engine)!;
  if (available.missing !== undefined) throw new Error(available.missing);
  say(`starting ${available.title}, heap ${HEAP}`);
  const engine = await startEngine(options.engine, { dataDir: join(dataDir, 'cluster'), javaHeap: HEAP });
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
  const scenarios: Record<Scenario, () => Promise<void>> = {
    large: () => measureLarge(bench),
    hard: () => measureHard(bench),
    moment: () => measureMoment(bench),
    small: () => measureSmall(bench),
    indices: () => measureIndices(bench),
    many: () => measureMany(bench),
    memory: async () => {
      peaks = await measureMemory(bench);
    },
    workers: () => measureWorkers(bench),
  };
  for (const name of options.scenarios) await scenarios[name]();

  const goals = goalsOf(bench.results, peaks, options);
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.version}`;
  const title = `${available.title}, ${options.documents} documents, ${options.rounds === 1 ? 'one round' : `${options.rounds} rounds`}`;
  console.log(`\n${title}; ${machine}\n`);
  console.log(resultsTable(bench.results));
  if (goals.length > 0) console.log(`\n${goalsTable(goals)}`);
  if (options.json !== undefined) {
    const everything = { machine, engine: available.title, options, results: bench.results.all, peaks, goals };
    await writeFile(options.json, `${JSON.stringify(everything, null, 2)}\n`);
  }
  if (options.svg !== undefined) await writeFile(options.svg, chartOf(goals, `Snapkeep on ${title}`));
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
