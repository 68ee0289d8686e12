import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startProcess } from '../../scripts/lib/start-process';
import { type BenchHttp } from '../support/http';
import { createLogIndex } from '../support/log-index';
import { elapsed } from '../support/statistics';
import { type Contender, type Taken } from './contender';

const VERSION = '6.125.1';
/** Documents per request: the largest page that a cluster returns by default. */
const LIMIT = '10000';

/** Installs elasticdump into the cache unless it is there. Returns the path of its program. */
export async function installElasticdump(): Promise<string> {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'snapkeep', 'bench-tools');
  const folder = join(cache, `elasticdump-${VERSION}`);
  const program = join(folder, 'node_modules', 'elasticdump', 'bin', 'elasticdump');
  if (!existsSync(program)) {
    mkdirSync(folder, { recursive: true });
    const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    await promisify(execFile)('npm', ['install', '--prefix', folder, ...flags, `elasticdump@${VERSION}`]);
  }
  return program;
}

/** elasticdump, the most used dump tool: one JSON file, written and read back over HTTP. */
export class Elasticdump implements Contender {
  readonly name = 'elasticdump';
  private round = 0;

  constructor(
    private readonly http: BenchHttp,
    private readonly program: string,
    private readonly folder: string,
    private readonly shards: number,
  ) {}

  prepare(round: number): Promise<void> {
    this.round = round;
    mkdirSync(this.folder, { recursive: true });
    return Promise.resolve();
  }

  async take(index: string, label: string): Promise<Taken> {
    const file = this.file(index, label);
    await rm(file, { force: true });
    const ms = await elapsed(() =>
      this.run([`--input=${this.http.url}/${index}`, `--output=${file}`, '--type=data', `--limit=${LIMIT}`]),
    );
    return { ms, bytes: (await stat(file)).size };
  }

  /**
   * Restores into an index created beforehand, as its documentation advises, because its data files hold no settings.
   */
  async restore(index: string, label: string, target: string): Promise<number> {
    await createLogIndex(this.http, target, this.shards);
    const file = this.file(index, label);
    return elapsed(async () => {
      await this.run([
        `--input=${file}`,
        `--output=${this.http.url}/${target}`,
        '--type=data',
        `--limit=${LIMIT}`,
        '--noRefresh',
      ]);
      await this.http.json('POST', `/${target}/_refresh`);
    });
  }

  private file(index: string, label: string): string {
    return join(this.folder, `${index}-${label}-${this.round}.json`);
  }

  private async run(args: readonly string[]): Promise<void> {
    const running = await startProcess(process.execPath, [this.program, ...args], { name: 'elasticdump' });
    const { code } = await running.exited;
    if (code !== 0) throw new Error(`elasticdump ended with ${code}:\n${running.output().slice(-2_000)}`);
    await rm(running.logFile, { force: true });
  }
}
