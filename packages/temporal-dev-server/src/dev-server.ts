/**
 * The Temporal dev server as a child process: state in one SQLite file, so that workflows go on after a restart.
 *
 * For trying Snapkeep and for its tests. As it comes, the dev server hands over every task on a 50 ms tick and syncs
 * SQLite on each write; the settings here make five activities in a row take 100 ms rather than 550.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { endWithUs, programEnv } from '../../child-processes/src';
import { freePorts, isFree } from './free-ports';
import { forgetOwner, recordOwner, stopFormerOwner } from './owner';
import { waitForTemporal } from './wait-for-temporal';

export interface TemporalDevServerOptions {
  /** Path of the Temporal CLI; see {@link temporalBinary}. */
  readonly binary: string;
  /** SQLite file that keeps all state; its folder is made when missing. Unset: kept in memory only. */
  readonly dataFile?: string;
  /** gRPC port on 127.0.0.1; 0 or unset picks a free one. */
  readonly port?: number;
  /** Port of the web UI; 0 or unset picks a free one, `false` starts none. */
  readonly uiPort?: number | false;
  /** A namespace to make beside `default`. */
  readonly namespace?: string;
  /** Names of the search attributes to register, all of type Keyword. */
  readonly searchAttributes?: readonly string[];
}

export interface TemporalDevServer {
  /** `127.0.0.1:<port>`, for TEMPORAL_ADDRESS. */
  readonly address: string;
  /** Unset where no UI was asked for. */
  readonly uiUrl?: string;
  readonly pid: number;
  /** Settles with the exit code when the process ends, asked to or not; null where a signal ended it. */
  readonly exited: Promise<number | null>;
  /** Ends the process, by force after 10 s; resolves when it is gone. May be called twice. */
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 60_000;
const STOP_GRACE_MS = 10_000;

/**
 * Returns the arguments that the process is started with. Ports must be real ones. Pure: for whoever keeps processes in
 * a way of its own.
 */
export function temporalDevServerArgs(options: TemporalDevServerOptions & { readonly port: number }): string[] {
  const flag = (name: string, values: readonly string[]): string[] => values.flatMap((value) => [name, value]);
  const ui =
    options.uiPort === undefined || options.uiPort === false ? ['--headless'] : ['--ui-port', String(options.uiPort)];
  return [
    'server',
    'start-dev',
    ...['--ip', '127.0.0.1', '--port', String(options.port)],
    ...ui,
    ...['--log-level', 'error'],
    ...(options.dataFile === undefined ? [] : ['--db-filename', options.dataFile]),
    ...(options.namespace === undefined ? [] : ['--namespace', options.namespace]),
    ...flag('--sqlite-pragma', ['journal_mode=WAL', 'synchronous=NORMAL']),
    ...flag('--dynamic-config-value', [
      'history.transferProcessorMaxPollRPS=2000',
      'history.timerProcessorMaxPollRPS=2000',
    ]),
    ...flag('--search-attribute', options.searchAttributes?.map((name) => `${name}=Keyword`) ?? []),
  ];
}

/** Returns the environment that the process may see: nothing of Snapkeep's, and no TEMPORAL_*, which name a server. */
export function temporalDevServerEnv(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return programEnv(env);
}

/**
 * Starts the dev server and resolves when it takes calls. One that an earlier, killed process of ours left running on
 * the same `dataFile` is ended first. It ends with this process, however that does. Throws when a port is taken, and
 * with what it printed when it does not come up within a minute.
 */
export async function startTemporalDevServer(options: TemporalDevServerOptions): Promise<TemporalDevServer> {
  const { dataFile } = options;
  if (dataFile !== undefined) {
    mkdirSync(dirname(dataFile), { recursive: true, mode: 0o700 });
    await stopFormerOwner(dataFile, STOP_GRACE_MS);
    for (const file of [dataFile, `${dataFile}-wal`, `${dataFile}-shm`]) if (existsSync(file)) chmodSync(file, 0o600);
  }
  const [freePort, freeUiPort] = await freePorts(2);
  const port = options.port || freePort!;
  const uiPort = options.uiPort === false ? false : options.uiPort || freeUiPort!;
  for (const wanted of uiPort === false ? [port] : [port, uiPort]) {
    // Asked first: another Temporal server on the port would answer in place of ours.
    if (!(await isFree(wanted))) {
      throw new Error(`port [${wanted}] for the Temporal dev server is taken`);
    }
  }
  const child = spawnPrivate(options.binary, temporalDevServerArgs({ ...options, port, uiPort }), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: temporalDevServerEnv(),
  });
  endWithUs(child);
  const output = keepLastOutput(child);
  let ended = false;
  const exited = new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null));
    child.once('exit', resolve);
  }).finally(() => (ended = true));
  const stop = async (): Promise<void> => {
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS);
    if (!ended) child.kill('SIGTERM');
    await exited;
    clearTimeout(timer);
    if (dataFile !== undefined) forgetOwner(dataFile);
  };
  if (dataFile !== undefined && child.pid !== undefined) recordOwner(dataFile, child.pid);
  const address = `127.0.0.1:${port}`;
  try {
    await waitForTemporal(address, {
      namespace: options.namespace ?? 'default',
      timeoutMs: START_TIMEOUT_MS,
      gone: () => ended,
      reason: output,
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    address,
    ...(uiPort === false ? {} : { uiUrl: `http://127.0.0.1:${uiPort}` }),
    pid: child.pid!,
    exited,
    stop,
  };
}

/** Starts a child whose files only this user can read; the mask of a process is inherited and can't be named apart. */
function spawnPrivate(...args: Parameters<typeof spawn>): ChildProcess {
  const mask = process.umask(0o077);
  try {
    return spawn(...args);
  } finally {
    process.umask(mask);
  }
}

/** Drains both streams, since a full pipe would stop the process, and gives the last 4,000 characters on demand. */
function keepLastOutput(child: ChildProcess): () => string {
  let last = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (last = (last + text).slice(-4_000)));
  }
  child.on('error', (error) => (last += error.message));
  return () => last.trim();
}
