import { Command, InvalidArgumentError } from 'commander';
import { HARD_CASES, type HardCase } from './hard-cases';

const SCENARIOS = ['large', 'hard', 'moment', 'small', 'indices', 'many', 'memory', 'workers'] as const;
export type Scenario = (typeof SCENARIOS)[number];

const CONTENDERS = ['snapkeep', 'native', 'native-unthrottled', 'elasticdump', 'bare', 'reindex'] as const;
export type ContenderName = (typeof CONTENDERS)[number];

const ENGINES = ['opensearch-3.8', 'elasticsearch-8.19'] as const;

export interface BenchOptions {
  readonly engine: (typeof ENGINES)[number];
  /** Documents of the large index. */
  readonly documents: number;
  readonly rounds: number;
  readonly scenarios: readonly Scenario[];
  readonly contenders: readonly ContenderName[];
  readonly hardCases: readonly HardCase[];
  /** Documents of each hard index. */
  readonly hardDocuments: number;
  /** Shards of each measurement of moments. */
  readonly momentShards: readonly number[];
  /** Indices of one shard. */
  readonly indices: number;
  /** Snapshots of the repository that holds many. */
  readonly snapshots: number;
  /** The most workers. */
  readonly workers: number;
  /** Documents of a further index with which the worker's memory is measured, too. */
  readonly memory?: number;
  /** Shards of a made-up cluster; only that is measured then, without an engine. */
  readonly shards?: number;
  /** Files that the results are written to. */
  readonly json?: string;
  readonly svg?: string;
  /** Files that earlier runs wrote; only their goals are printed and drawn then. */
  readonly from?: readonly string[];
}

/** What `--short` changes, unless it is given: a few minutes in place of an hour. */
const SHORT = {
  documents: 40_000,
  rounds: 1,
  hardDocuments: 40_000,
  momentShards: [6],
  indices: 50,
  snapshots: 30,
  // So few documents are one group, which one worker copies: there is nothing to share.
  workers: 1,
} as const;

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('a whole number from 1 on');
  return value;
}

function counts(text: string): number[] {
  return text.split(',').map(count);
}

function oneOf<T extends string>(all: readonly T[]): (text: string) => T {
  return (text) => {
    const found = all.find((name) => name === text);
    if (found === undefined) throw new InvalidArgumentError(`one of ${all.join(', ')}`);
    return found;
  };
}

function hardCases(text: string): HardCase[] {
  if (text === 'all') return [...HARD_CASES];
  const name = oneOf(HARD_CASES.map((one) => one.name));
  const named = text.split(',').map(name);
  return HARD_CASES.filter((one) => named.includes(one.name));
}

type Given = Omit<BenchOptions, 'scenarios' | 'contenders'> & { readonly only?: string; readonly short?: true };

/** Parses the command line. Prints its errors and ends the process if there are any. */
export function readOptions(argv: readonly string[]): BenchOptions {
  const command = new Command('npm run bench --')
    .description('Measures Snapkeep against native snapshots, elasticdump, _reindex and bare HTTP, on a real engine.')
    .option('--engine <name>', `one of ${ENGINES.join(', ')}`, oneOf(ENGINES), 'opensearch-3.8')
    .option('--short', 'few documents, one round: a few minutes, of which only the shape of the tables can be trusted')
    .option('--documents <n>', 'documents of the large index', count, 400_000)
    .option('--rounds <n>', 'times that everything is done; medians are shown', count, 3)
    .option('--only <names>', `only some of ${[...SCENARIOS, ...CONTENDERS].join(', ')}`)
    .option('--hard-cases <names>', `all, or some of ${HARD_CASES.map(({ name }) => name).join(', ')}`, hardCases)
    .option('--hard-documents <n>', 'documents of each hard index', count, 150_000)
    .option('--moment-shards <n,…>', 'shards of each measurement of moments', counts, [6, 50])
    .option('--indices <n>', 'indices of one shard', count, 1_000)
    .option('--snapshots <n>', 'snapshots of the crowded repository', count, 1_000)
    .option('--workers <n>', 'the most workers', count, 4)
    .option('--memory <n>', "also measure the worker's memory with this many documents", count)
    .option(
      '--shards <n>',
      'only plan and commit this many made-up shards: no engine, no Temporal (docs/scale.md)',
      count,
    )
    .option('--json <file>', 'write the results there, too')
    .option('--svg <file>', 'draw the goals there')
    .option('--from <files>', 'measure nothing: print and draw the goals of files that --json wrote', (text) =>
      text.split(','),
    )
    .allowExcessArguments(false);
  command.setOptionValue(
    'hardCases',
    HARD_CASES.filter((one) => one.usual),
  );
  command.parse(argv as string[]);
  if (command.opts<Given>().short === true) {
    for (const [name, value] of Object.entries(SHORT)) {
      if (command.getOptionValueSource(name) === 'default') command.setOptionValue(name, value);
    }
  }
  const { only: names, ...given } = command.opts<Given>();
  const only = names?.split(',') ?? [];
  const unknown = only.filter((name) => ![...SCENARIOS, ...CONTENDERS].includes(name as Scenario));
  if (unknown.length > 0) command.error(`error: there is no [${unknown.join(', ')}] to measure`);
  const chosen = <T extends string>(all: readonly T[]): readonly T[] => {
    const named = all.filter((name) => only.includes(name));
    return named.length > 0 ? named : all;
  };
  return { ...given, scenarios: chosen(SCENARIOS), contenders: chosen(CONTENDERS) };
}
