import { Command, InvalidArgumentError, Option } from 'commander';

const SCENARIOS = ['large', 'small', 'many', 'memory'] as const;
type Scenario = (typeof SCENARIOS)[number];

const CONTENDERS = ['snapkeep', 'native', 'native-unthrottled', 'elasticdump', 'bare'] as const;
export type ContenderName = (typeof CONTENDERS)[number];

export interface BenchOptions {
  /** Documents of the large index. */
  readonly documents: number;
  readonly rounds: number;
  readonly scenarios: readonly Scenario[];
  readonly contenders: readonly ContenderName[];
  /** Snapshots of the repository that holds many. */
  readonly snapshots: number;
  /** Documents of a further index with which the worker's memory is measured, too. */
  readonly memory?: number;
  /** File that the results are written to, as JSON. */
  readonly json?: string;
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('a whole number from 1 on');
  return value;
}

/** Parses the command line. Prints its errors and ends the process if there are any. */
export function readOptions(argv: readonly string[]): BenchOptions {
  const command = new Command('npm run bench --')
    .description('Measures Snapkeep against native snapshots, elasticdump and bare HTTP, on real OpenSearch.')
    .option('--documents <n>', 'documents of the large index', count, 400_000)
    .option('--rounds <n>', 'times that everything is done; medians are shown', count, 3)
    .option('--only <names>', `only some of ${[...SCENARIOS, ...CONTENDERS].join(', ')}`)
    .addOption(new Option('--snapshots <n>', 'snapshots of the crowded repository').argParser(count).default(1_000))
    .option('--memory <n>', "also measure the worker's memory with this many documents", count)
    .option('--json <file>', 'write the results there, too')
    .allowExcessArguments(false);
  command.parse(argv as string[]);
  const given = command.opts<{
    documents: number;
    rounds: number;
    only?: string;
    snapshots: number;
    memory?: number;
    json?: string;
  }>();
  const only = given.only?.split(',') ?? [];
  const unknown = only.filter((name) => ![...SCENARIOS, ...CONTENDERS].includes(name as Scenario));
  if (unknown.length > 0) command.error(`error: there is no [${unknown.join(', ')}] to measure`);
  const chosen = <T extends string>(all: readonly T[]): readonly T[] => {
    const named = all.filter((name) => only.includes(name));
    return named.length > 0 ? named : all;
  };
  const scenarios = chosen(SCENARIOS);
  return {
    documents: given.documents,
    rounds: given.rounds,
    scenarios: given.memory !== undefined && only.length === 0 ? SCENARIOS : scenarios,
    contenders: chosen(CONTENDERS),
    snapshots: given.snapshots,
    memory: given.memory,
    json: given.json,
  };
}
