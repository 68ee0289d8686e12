/**
 * The embedded parts, each a process of its own in the process group of the one that starts them: Temporal dev server,
 * OSS-protocol server, small cluster, worker, front door. One that dies is started again on the same ports and data;
 * all end with the process that started them.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type TemporalDevServer, type TemporalDevServerOptions } from '../../packages/temporal-dev-server/src';
import { SEARCH_ATTRIBUTES } from '../contracts/search-attributes';
import { claimDataDir } from './data-dir';
import { SETTING_NAMES, type Settings } from './settings';

interface EmbeddedPart {
  readonly name: string;
  pid(): number | undefined;
  /** Ends the process without a chance to tidy up; it is started again unless `stop` was called. */
  kill(): void;
}

export interface Embedded {
  readonly url: string;
  readonly clusterUrl: string;
  readonly ossEndpoint: string;
  readonly temporalAddress: string;
  readonly temporalUiUrl?: string;
  part(name: 'oss' | 'cluster' | 'worker' | 'api'): EmbeddedPart;
  stop(): Promise<void>;
}

interface EmbeddedOptions {
  /** Where the worker reaches the cluster, given where that listens: for whoever measures what passes. */
  workerClusterUrl?(clusterUrl: string): Promise<string>;
}

/**
 * Loads what the embedded parts are started with, on demand: production images lack it. Paths stand instead of package
 * names, since one build emits all packages below dist; `.ts` becomes `.js` there.
 */
const loadPackages = async () => ({
  ...(await import('../../packages/child-processes/src/index.ts')),
  ...(await import('../../packages/temporal-dev-server/src/index.ts')),
});
type Packages = Awaited<ReturnType<typeof loadPackages>>;

const ROOT = path.join(__dirname, '..', '..');
const RESTART_MS = 300;
const READY_MS = 90_000;
const STOP_MS = 10_000;

/**
 * Starts what the settings do not name from outside, then a worker and a front door; resolves when health is 200. All
 * that this process and its children make from now on is for this user alone.
 */
export async function startEmbedded(
  settings: Settings,
  env: NodeJS.ProcessEnv = process.env,
  options: EmbeddedOptions = {},
): Promise<Embedded> {
  process.umask(0o077);
  claimDataDir(settings.dataDir, (line) => process.stderr.write(`${line}\n`));
  const { endWithUs, freePorts, pickEnv, programEnv, startTemporalDevServer, temporalBinary } = await loadPackages();
  const [httpFree, clusterFree, ossFree] = await freePorts(3);
  const httpPort = settings.http.port || httpFree!;
  const clusterPort = settings.embedded.clusterPort || clusterFree!;
  const ossPort = settings.embedded.ossPort || ossFree!;
  const parts = new Map<string, Part>();
  let temporal: KeptTemporal | undefined;
  const stop = async (): Promise<void> => {
    await Promise.all(['api', 'worker'].map((name) => parts.get(name)?.stop()));
    await Promise.all([...parts.values()].map((part) => part.stop()));
    await temporal?.stop();
  };
  try {
    if (env.TEMPORAL_ADDRESS === undefined) {
      temporal = await keepTemporal(startTemporalDevServer, {
        binary: await temporalBinary(),
        dataFile: path.join(settings.dataDir, 'temporal', 'temporal.db'),
        port: settings.embedded.temporalPort,
        uiPort: settings.embedded.temporalUiPort,
        searchAttributes: SEARCH_ATTRIBUTES.map(({ name }) => name),
      });
    }
    const temporalAddress = temporal?.address ?? env.TEMPORAL_ADDRESS!;
    const clusterUrl = settings.cluster?.url ?? `http://127.0.0.1:${clusterPort}`;
    const url = `http://127.0.0.1:${httpPort}`;
    const common = {
      // glibc otherwise keeps freed memory for every thread apart, a quarter of what a busy worker has resident.
      MALLOC_ARENA_MAX: '2',
      // Four times as much, the default, costs as much processor time and 50 MB more.
      NODE_OPTIONS: '--max-semi-space-size=4',
      ...programEnv(env),
      SNAPKEEP_DATA_DIR: settings.dataDir,
      SNAPKEEP_EXIT_WITH_STARTER: 'true',
    };
    const service = {
      ...common,
      ...pickEnv(env, isServiceSetting),
      // An embedded server is reached by its address alone: keys and certificates are for another one.
      ...(temporal === undefined ? pickEnv(env, (name) => name.startsWith('TEMPORAL_')) : {}),
      SNAPKEEP_DATA_DIR: settings.dataDir,
      SNAPKEEP_CLUSTER_URL: clusterUrl,
      SNAPKEEP_HTTP_PORT: String(httpPort),
      SNAPKEEP_SECRET_KEY: settings.secretKey ?? keptSecretKey(settings.dataDir),
      TEMPORAL_ADDRESS: temporalAddress,
      SNAPKEEP_TEMPORAL_UI_URL: settings.temporalUi ?? temporal?.uiUrl,
    };
    const start = (name: string, script: string, args: string[], partEnv: NodeJS.ProcessEnv): void => {
      parts.set(name, new Part(name, path.join(ROOT, script), args, partEnv, endWithUs));
    };
    start('oss', 'packages/embedded-oss/src/main.js', [], {
      ...common,
      ...pickEnv(env, (name) => name.startsWith('SNAPKEEP_EMBEDDED_OSS_')),
      SNAPKEEP_EMBEDDED_OSS_PORT: String(ossPort),
    });
    if (settings.cluster === undefined) {
      start('cluster', 'packages/embedded-cluster/src/main.js', [], {
        ...common,
        SNAPKEEP_EMBEDDED_CLUSTER_PORT: String(clusterPort),
      });
    }
    const workerClusterUrl = (await options.workerClusterUrl?.(clusterUrl)) ?? clusterUrl;
    start('worker', 'src/cli/main.js', ['serve', '--role', 'worker'], {
      ...service,
      SNAPKEEP_CLUSTER_URL: workerClusterUrl,
    });
    start('api', 'src/cli/main.js', ['serve', '--role', 'api'], service);
    await healthy(url, parts);
    return {
      url,
      clusterUrl,
      ossEndpoint: `http://127.0.0.1:${ossPort}`,
      temporalAddress,
      temporalUiUrl: temporal?.uiUrl,
      part: (name) => {
        const part = parts.get(name);
        if (part === undefined) throw new Error(`[${name}] is not embedded here`);
        return part;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Names the settings that the front door and the worker read. The other parts get none of them. */
function isServiceSetting(name: string): boolean {
  return SETTING_NAMES.includes(name) || /^(grpc|https?|all|no)_proxy$/i.test(name);
}

class Part implements EmbeddedPart {
  private child: ChildProcess | undefined;
  private ending = false;
  private readonly running: Promise<void>;
  /** What the process printed last, for the error message when it does not come up. */
  output = '';

  constructor(
    readonly name: string,
    private readonly script: string,
    private readonly args: readonly string[],
    private readonly env: NodeJS.ProcessEnv,
    private readonly endWithUs: Packages['endWithUs'],
  ) {
    this.running = this.keepRunning();
  }

  pid(): number | undefined {
    return this.child?.pid;
  }

  kill(): void {
    this.child?.kill('SIGKILL');
  }

  async stop(): Promise<void> {
    this.ending = true;
    this.child?.kill('SIGTERM');
    const timer = setTimeout(() => this.child?.kill('SIGKILL'), STOP_MS);
    await this.running;
    clearTimeout(timer);
  }

  private async keepRunning(): Promise<void> {
    while (!this.ending) {
      const child = spawn(process.execPath, [this.script, ...this.args], {
        env: this.env,
        // An open standard input is how a part learns that its starter is gone, however it ended.
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      this.child = child;
      this.endWithUs(child);
      for (const stream of [child.stdout, child.stderr]) {
        stream?.setEncoding('utf8').on('data', (text: string) => {
          this.output = (this.output + text).slice(-4_000);
          if (process.env.SNAPKEEP_LOG_PARTS !== undefined) process.stderr.write(text);
        });
      }
      child.stdin?.on('error', () => undefined);
      await new Promise<void>((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()));
      this.child = undefined;
      if (!this.ending) await sleep(RESTART_MS);
    }
  }
}

interface KeptTemporal {
  readonly address: string;
  readonly uiUrl?: string;
  stop(): Promise<void>;
}

/** A dev server that is started again on the same ports and data when it dies. */
async function keepTemporal(
  start: Packages['startTemporalDevServer'],
  options: TemporalDevServerOptions,
): Promise<KeptTemporal> {
  let server: TemporalDevServer = await start(options);
  let ending = false;
  const port = Number(server.address.split(':')[1]);
  const uiPort = server.uiUrl === undefined ? false : Number(new URL(server.uiUrl).port);
  const running = (async () => {
    for (;;) {
      await server.exited;
      while (!ending) {
        await sleep(RESTART_MS);
        try {
          server = await start({ ...options, port, uiPort });
          break;
        } catch {
          // The port may take a moment to become free.
        }
      }
      if (ending) return server.stop();
    }
  })();
  return {
    address: server.address,
    uiUrl: server.uiUrl,
    stop: async () => {
      ending = true;
      await server.stop();
      await running;
    },
  };
}

/** The key that seals secrets here: made once, readable by its owner alone. */
function keptSecretKey(dataDir: string): string {
  const file = path.join(dataDir, 'secret-key');
  if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString('base64url'), { mode: 0o600, flag: 'wx' });
  return readFileSync(file, 'utf8').trim();
}

async function healthy(url: string, parts: ReadonlyMap<string, Part>): Promise<void> {
  const deadline = Date.now() + READY_MS;
  let last = 'no answer';
  while (Date.now() < deadline) {
    try {
      const response = await fetch(`${url}/_snapkeep/health`);
      if (response.status === 200) return;
      last = await response.text();
    } catch {
      // Not listening yet.
    }
    await sleep(100);
  }
  const said = [...parts.values()].map((part) => `${part.name}: ${part.output.trim() || '(nothing)'}`).join('\n');
  throw new Error(`Snapkeep did not become ready at ${url}: ${last}\n${said}`);
}
