import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EmbeddedOss } from '../../packages/embedded-oss/src/server';
import { startTemporalDevServer, temporalBinary, type TemporalDevServer } from '../../packages/temporal-dev-server/src';
import { SEARCH_ATTRIBUTES } from '../../src/contracts/search-attributes';
import { OSS_SECRETS, startTestOss } from './embedded-oss';
import { freePorts } from './ports';
import { type StartedProcess, startProcess } from './processes';

const ROOT = path.resolve(__dirname, '../..');
const HOOK = path.join(ROOT, 'test/support/typescript-hook.cjs');
const READY_MS = 90_000;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // What a test looks at is its own business.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly json: any;
  /** Ms it took. */
  readonly millis: number;
}

/** A front door and a worker as processes of their own, on real embedded parts: all that `npm start` runs. */
export interface RunningSnapkeep {
  readonly url: string;
  readonly clusterUrl: string;
  /** Folder of the processes' files; those of the embedded cluster are in `cluster`. */
  readonly dataDir: string;
  readonly temporal: TemporalDevServer;
  /** The object store, embedded in the test's own process. */
  readonly oss: EmbeddedOss;
  /** Settings of an `oss` repository in the embedded store. */
  ossSettings(basePath: string): Record<string, string>;
  /** A request to the front door; `body` may be raw text. */
  call(method: string, target: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Starts one more front door of the same installation and returns its address. */
  startAnotherDoor(): Promise<string>;
  /** Starts one more worker of the same installation, with more environment, and returns its process id. */
  startAnotherWorker(more?: NodeJS.ProcessEnv): Promise<number>;
  killWorker(): Promise<void>;
  startWorker(): Promise<void>;
  killCluster(): Promise<void>;
  startCluster(): Promise<void>;
  /** SIGSTOP: the server holds its connections and answers nothing. */
  freezeTemporal(): void;
  thawTemporal(): void;
  /** Resolves when health is 200. */
  ready(): Promise<void>;
  output(): string;
  stop(): Promise<void>;
}

export interface RunningSnapkeepOptions {
  /** A cluster that runs already; unset: an embedded one is started. */
  readonly clusterUrl?: string;
  /** The object store of another installation, to share its bucket; unset: one of its own. */
  readonly oss?: EmbeddedOss;
  /** More environment for the front door and the worker. */
  readonly env?: NodeJS.ProcessEnv;
  /** More environment for the worker alone. */
  readonly workerEnv?: NodeJS.ProcessEnv;
}

export async function startSnapkeep(options: RunningSnapkeepOptions = {}): Promise<RunningSnapkeep> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'snapkeep-api-'));
  const [port, clusterPort] = await freePorts(2);
  const temporal = await startTemporalDevServer({
    binary: await temporalBinary(),
    uiPort: false,
    searchAttributes: SEARCH_ATTRIBUTES.map(({ name }) => name),
  });
  const ownOss = options.oss === undefined ? await startTestOss() : undefined;
  const oss = options.oss ?? ownOss!;
  const url = `http://127.0.0.1:${port}`;
  const clusterUrl = options.clusterUrl ?? `http://127.0.0.1:${clusterPort}`;
  const env = {
    ...process.env,
    TEMPORAL_ADDRESS: temporal.address,
    SNAPKEEP_CLUSTER_URL: clusterUrl,
    SNAPKEEP_HTTP_PORT: String(port),
    SNAPKEEP_EMBEDDED_CLUSTER_PORT: String(clusterPort),
    SNAPKEEP_DATA_DIR: dataDir,
    SNAPKEEP_SECRET_KEY: 'a key that only this test knows',
    SNAPKEEP_LOG_LEVEL: 'warn',
    ...options.env,
  };
  const run = (
    name: string,
    more: NodeJS.ProcessEnv | undefined,
    script: string,
    ...args: string[]
  ): Promise<StartedProcess> =>
    startProcess(process.execPath, ['-r', HOOK, path.join(ROOT, script), ...args], {
      name,
      cwd: ROOT,
      env: { ...env, ...more },
    });
  const start = (role: string, more?: NodeJS.ProcessEnv): Promise<StartedProcess> =>
    run(role, more ?? (role === 'worker' ? options.workerEnv : undefined), 'src/cli/main.ts', 'serve', '--role', role);
  const startCluster = (): Promise<StartedProcess> =>
    run('cluster', undefined, 'packages/embedded-cluster/src/main.ts');
  let cluster = options.clusterUrl === undefined ? await startCluster() : undefined;
  const api = await start('api');
  const doors = [api];
  const moreWorkers: StartedProcess[] = [];
  let worker = await start('worker');

  const running: RunningSnapkeep = {
    url,
    clusterUrl,
    dataDir,
    temporal,
    oss,
    ossSettings: (basePath) => ({
      endpoint: oss.endpoint,
      bucket: 'snapshots',
      base_path: basePath,
      access_key_id: OSS_SECRETS.accessKeyId,
      secret_access_key: OSS_SECRETS.secretAccessKey,
    }),
    call: async (method, target, body, headers = {}) => {
      const started = Date.now();
      const response = await fetch(url + target, {
        method,
        body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
        headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
      });
      const text = await response.text();
      const isJson = (response.headers.get('content-type') ?? '').includes('json');
      return {
        status: response.status,
        headers: response.headers,
        text,
        json: isJson && text !== '' ? JSON.parse(text) : undefined,
        millis: Date.now() - started,
      };
    },
    startAnotherDoor: async () => {
      const [another] = await freePorts(1);
      doors.push(await start('api', { SNAPKEEP_HTTP_PORT: String(another) }));
      const address = `http://127.0.0.1:${another}`;
      const deadline = Date.now() + READY_MS;
      while (!(await fetch(`${address}/_snapkeep/health`).catch(() => undefined))?.ok) {
        if (Date.now() > deadline) throw new Error(`another front door is not ready\n${running.output()}`);
        await sleep(100);
      }
      return address;
    },
    startAnotherWorker: async (more = {}) => {
      const another = await start('worker', { ...options.workerEnv, ...more });
      moreWorkers.push(another);
      return another.pid;
    },
    killWorker: async () => {
      await worker.kill();
    },
    startWorker: async () => {
      worker = await start('worker');
    },
    killCluster: async () => {
      await cluster?.kill();
    },
    startCluster: async () => {
      cluster = await startCluster();
    },
    freezeTemporal: () => process.kill(temporal.pid, 'SIGSTOP'),
    thawTemporal: () => process.kill(temporal.pid, 'SIGCONT'),
    ready: async () => {
      const deadline = Date.now() + READY_MS;
      for (;;) {
        const health = await running.call('GET', '/_snapkeep/health').catch(() => undefined);
        if (health?.status === 200) return;
        if (Date.now() > deadline || api.ended() || worker.ended()) {
          throw new Error(`not ready: ${health?.text ?? 'no answer'}\n${running.output()}`);
        }
        await sleep(100);
      }
    },
    output: () => [...doors, worker, ...moreWorkers, cluster].map((one) => one?.output() ?? '').join('\n'),
    stop: async () => {
      await Promise.all([...doors, worker, ...moreWorkers].map((one) => one.stop(5_000)));
      await Promise.all([cluster?.kill(), ownOss?.stop(), temporal.stop()]);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  try {
    await running.ready();
  } catch (error) {
    await running.stop();
    throw error;
  }
  return running;
}

/** Asks until `isReached` or two minutes are over. */
export async function until<T>(ask: () => Promise<T>, isReached: (value: T) => boolean): Promise<T> {
  const deadline = Date.now() + 120_000;
  for (;;) {
    const value = await ask();
    if (isReached(value)) return value;
    if (Date.now() > deadline) throw new Error(`never came: last was ${JSON.stringify(value)}`);
    await sleep(50);
  }
}
