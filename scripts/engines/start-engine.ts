import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { checkoutPath } from '../../packages/child-processes/src';
import { freePorts } from '../../packages/temporal-dev-server/src';
import { type StartedProcess, startProcess } from '../lib/start-process';

/** Names of scripts/engines/engine-list.mjs. */
export type EngineName =
  'opensearch-3.8' | 'opensearch-2.19' | 'elasticsearch-9.5' | 'elasticsearch-8.19' | 'elasticsearch-7.10';

export interface AvailableEngine {
  readonly name: EngineName;
  /** Such as `OpenSearch 3.8.0`. */
  readonly title: string;
  readonly version: string;
  /** What this machine lacks to run it, as a sentence; unset: it can run. */
  readonly missing?: string;
}

export interface EngineOptions {
  /** Absolute folder for data, logs and `repo`; kept when the engine stops. */
  readonly dataDir: string;
  /** As in `-Xmx`; default `1g`. */
  readonly javaHeap?: string;
  /** More arguments of the Java virtual machine. */
  readonly jvmArgs?: readonly string[];
  /** Node settings, as in elasticsearch.yml. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A running node of a real engine. */
export interface Engine {
  readonly name: EngineName;
  readonly version: string;
  /** `http://127.0.0.1:<port>`; stays the same over `restart`. */
  readonly url: string;
  /** The process's id; another one after `restart`. */
  readonly pid: number;
  /** The root that native `fs` repositories may lie in. */
  readonly pathRepo: string;
  readonly logFile: string;
  /** Closes the node as an operator would; resolves when its process is gone. */
  stop(): Promise<void>;
  /** SIGKILL; resolves when its process is gone. */
  kill(): Promise<void>;
  /** Starts it again on the same data, port and settings, after a `stop` where it still runs. */
  restart(): Promise<void>;
}

interface Launch {
  readonly java: string;
  readonly version: string;
  readonly jvmArgs: readonly string[];
}

const SCRIPT = checkoutPath('scripts', 'engines', 'prepare.mjs');
const START_TIMEOUT_MS = 180_000;

/** Every engine of the catalogue, and what is missing to run it here. Quick, sends nothing: for `describe.each`. */
export function availableEngines(): AvailableEngine[] {
  const lines = execFileSync(process.execPath, [SCRIPT, '--check'], { encoding: 'utf8' }).trim().split('\n');
  return lines.map((line) => JSON.parse(line) as AvailableEngine);
}

/** Fetches and compiles what the engine needs, into the cache that all runs share. The first time takes a minute. */
async function prepareEngine(name: EngineName): Promise<Launch> {
  const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT, name]);
  return JSON.parse(stdout) as Launch;
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(30_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

/** Until the node answers and all its primaries have recovered; a red cluster never is ready. */
async function waitUntilReady(url: string, node: StartedProcess): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  const health = `${url}/_cluster/health?wait_for_status=yellow&timeout=20s`;
  while (!(await answers(health))) {
    if (node.ended() || Date.now() > deadline) {
      await node.kill();
      throw new Error(`the engine at ${url} did not start:\n${node.output().slice(-4_000)}`);
    }
    await sleep(200);
  }
}

/** Starts one node on free ports of 127.0.0.1 and waits until it is ready; throws with the end of its log if not. */
export async function startEngine(name: EngineName, options: EngineOptions): Promise<Engine> {
  const launch = await prepareEngine(name);
  const pathRepo = join(options.dataDir, 'repo');
  mkdirSync(pathRepo, { recursive: true });
  const [http, transport] = await freePorts(2);
  const url = `http://127.0.0.1:${http}`;
  const logFile = join(options.dataDir, 'engine.log');
  const settings = Object.entries(options.settings ?? {}).map(([key, value]) => `${key}=${value}`);
  const args = [
    `-Xmx${options.javaHeap ?? '1g'}`,
    ...launch.jvmArgs,
    ...(options.jvmArgs ?? []),
    ...['Main', options.dataDir, pathRepo, String(http), String(transport)],
    ...settings,
  ];
  const start = async (): Promise<StartedProcess> => {
    const started = await startProcess(launch.java, args, { name, logFile });
    await waitUntilReady(url, started);
    return started;
  };
  let node = await start();
  return {
    name,
    version: launch.version,
    url,
    get pid() {
      return node.pid;
    },
    pathRepo,
    logFile,
    stop: async () => {
      await node.stop(30_000);
    },
    kill: async () => {
      await node.kill();
    },
    restart: async () => {
      await node.stop(30_000);
      node = await start();
    },
  };
}
