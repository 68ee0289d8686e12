import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Embedded, startEmbedded } from '../../src/process/embedded';
import { readSettings } from '../../src/process/settings';

/** Snapkeep in front of the given cluster, as in production: each part is a process of its own. */
export interface Snapkeep {
  readonly url: string;
  readonly ossEndpoint: string;
  readonly temporalAddress: string;
  /** Replaces the worker, so that its peak memory counts from now on. Resolves when the new one takes tasks. */
  restartWorker(): Promise<void>;
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
    workerPeakBytes: () => peakBytes(worker.pid()!),
    stop: () => embedded.stop(),
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
