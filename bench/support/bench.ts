import { type Engine } from '../../scripts/engines/start-engine';
import { type BenchOptions, type ContenderName } from '../options';
import { type BenchHttp } from './http';
import { type Results } from './results';
import { type Snapkeep } from './snapkeep';

/** What every scenario works with. */
export interface Bench {
  readonly options: BenchOptions;
  readonly engine: Engine;
  /** The cluster itself. */
  readonly cluster: BenchHttp;
  /** Unset where Snapkeep is not measured. */
  readonly snapkeep?: Snapkeep;
  /** Snapkeep's front door. */
  readonly door?: BenchHttp;
  readonly dataDir: string;
  readonly results: Results;
  /** Tells how far it is, on standard error. */
  say(line: string): void;
}

export function measures({ options }: Bench, name: ContenderName): boolean {
  return options.contenders.includes(name);
}
