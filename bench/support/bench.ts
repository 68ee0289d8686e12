import { type Engine } from '../../scripts/engines/start-engine';
import { type BenchOptions, type ContenderName } from '../options';
import { type BenchHttp } from './http';
import { type Results } from './results';
import { type Snapkeep } from './snapkeep';

/** The parts that every scenario uses. */
export interface Bench {
  readonly options: BenchOptions;
  readonly engine: Engine;
  /** The cluster, without Snapkeep in between. */
  readonly cluster: BenchHttp;
  /** Unset if Snapkeep is not measured. */
  readonly snapkeep?: Snapkeep;
  /** Snapkeep's front door. */
  readonly door?: BenchHttp;
  readonly dataDir: string;
  readonly results: Results;
  /** Reports progress on standard error. */
  say(line: string): void;
}

/** Returns whether the contender is measured. */
export function measures({ options }: Bench, name: ContenderName): boolean {
  return options.contenders.includes(name);
}
