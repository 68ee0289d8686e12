import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startProcess } from '../../scripts/lib/start-process';
import { type Embedded, startEmbedded } from '../../src/process/embedded';
import { readSettings } from '../../src/process/settings';

/** Snapkeep in front of the given cluster, as in production: each part is a process of its own. */
export interface Snapkeep {
  readonly url: string;
  readonly ossEndpoint: string;
  readonly temporalAddress: string;
  /** Replaces the worker, so that its peak memory counts from now on. Resolves when the new one takes tasks. */
  restartWorker(): Promise<void>;
  /** Returns the process id of the worker. */
  workerPid(): number;
  /** Starts another worker beside the first; it takes tasks when this resolves. Returns what ends it. */
  addWorker(): Promise<() => Promise<void>>;
  /** Returns the peak resident memory of the worker since it started, bytes. */
  workerPeakBytes(): number;
  stop(): Promise<void>;
}

const WORKER_START_MS = 30_000;

/** Starts front door, worker, Temporal dev server and OSS server on free ports, with default settings. */
export async function startSnapkeep(clusterUrl: string, dataDir: string): Promise<Snapkeep> {
  const outside = /^(SNAPKEEP_|TEMPORAL_)/;
  const tuning = /^SNAPKEEP_(DATA_CONCURRENCY|THREADS|LOG_PARTS|LOG_LEVEL|PROFILE_DIR)$/;
  const env: NodeJS.ProcessEnv = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !outside.test(name) || tuning.test(name))),
    SNAPKEEP_CLUSTER_URL: clusterUrl,
    SNAPKEEP_DATA_DIR: dataDir,
    SNAPKEEP_HTTP_PORT: '0',
    SNAPKEEP_EMBEDDED_OSS_PORT: '0',
    SNAPKEEP_TEMPORAL_PORT: '0',
    SNAPKEEP_TEMPORAL_UI_PORT: '0',
  };
  const embedded = await startEmbedded(readSettings(env), env);
  const worker = embedded.part('worker');
  return {
    url: embedded.url,
    ossEndpoint: embedded.ossEndpoint,
    temporalAddress: embedded.temporalAddress,
    restartWorker: async () => {
      const former = worker.pid();
      worker.kill();
      await healthy(embedded, () => worker.pid() !== undefined && worker.pid() !== former);
    },
    workerPid: () => worker.pid()!,
    addWorker: () => startWorker(env, embedded),
    workerPeakBytes: () => peakBytes(worker.pid()!),
    stop: () => embedded.stop(),
  };
}

/** Starts a worker with the settings of the embedded one. */
async function startWorker(env: NodeJS.ProcessEnv, { temporalAddress }: Embedded): Promise<() => Promise<void>> {
  const program = join(__dirname, '..', '..', 'src', 'cli', 'main.js');
  const running = await startProcess(process.execPath, [program, 'serve', '--role', 'worker'], {
    name: 'worker',
    env: {
      ...env,
      MALLOC_ARENA_MAX: '2',
      NODE_OPTIONS: '--max-semi-space-size=4',
      TEMPORAL_ADDRESS: temporalAddress,
      SNAPKEEP_SECRET_KEY: readFileSync(join(env.SNAPKEEP_DATA_DIR!, 'secret-key'), 'utf8').trim(),
    },
  });
  const deadline = Date.now() + WORKER_START_MS;
  while (!running.output().includes('the worker takes tasks')) {
    if (Date.now() > deadline || running.ended()) throw new Error(`no further worker:\n${running.output()}`);
    await sleep(100);
  }
  return async () => {
    await running.stop();
    await rm(running.logFile, { force: true });
  };
}

/** Reads the kernel's high-water mark of a process's resident memory, bytes. */
function peakBytes(pid: number): number {
  const match = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1]) * 1024;
}

async function healthy({ url }: Embedded, started: () => boolean): Promise<void> {
  const deadline = Date.now() + WORKER_START_MS;
  // The front door may still see the previous worker's polls: the new process must exist first, and gets a moment.
  while (!started() || !(await fetch(`${url}/_snapkeep/health`)).ok) {
    if (Date.now() > deadline) throw new Error('the worker did not come back');
    await sleep(100);
  }
  await sleep(2_000);
}
