import { type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { createApp } from '../api/app';
import { openCluster } from '../cluster/cluster';
import { createSnapshotService } from '../jobs/snapshot-service';
import { OpenRepositories } from '../registrations/open-repositories';
import { createSealer } from '../registrations/sealer';
import { createHttpServer } from './http/http-server';
import { processIdentity } from './identity';
import { jobOptions } from './job-options';
import { type Logger } from './logging';
import { type Settings, SettingsError } from './settings';
import { connectWorker, ensureSearchAttributes, temporalTarget } from './temporal';
import { installTemporalLogging, type RunningWorker, startWorker } from './worker';

/** The parts that one process runs. */
export type Role = 'api' | 'worker' | 'all';

interface Serving {
  /** Address of the front door; unset if only a worker runs. */
  readonly url?: string;
  /** Refuses new requests, stops activities and closes connections. Resolves when all has ended. */
  stop(): Promise<void>;
}

/** Ms that running requests may take to end when the front door stops. */
const DRAIN_MS = 5_000;
/** Ms between attempts to reach Temporal. */
const RETRY_MS = 1_000;

/**
 * Runs the front door, a worker, or both, with the cluster and the Temporal server of the settings. Neither has to be
 * up: until then the front door answers 503, and the worker retries. Throws `SettingsError` when a setting is missing.
 */
export async function serve(settings: Settings, role: Role, logger: Logger): Promise<Serving> {
  if (settings.cluster === undefined) throw new SettingsError('SNAPKEEP_CLUSTER_URL is not set');
  if (settings.secretKey === undefined) throw new SettingsError('SNAPKEEP_SECRET_KEY is not set');
  const target = temporalTarget();
  const client = new Client({ connection: Connection.lazy(target.connection), namespace: target.namespace });
  const cluster = openCluster(settings.cluster);
  const sealer = createSealer(settings.secretKey);
  const repositories = new OpenRepositories(settings.store, sealer);
  const ending = new AbortController();
  let searchAttributes = false;
  const background: Promise<void>[] = [
    untilDone(ending.signal, async () => {
      searchAttributes = await ensureSearchAttributes(client, logger);
    }),
  ];

  const options = {
    ...jobOptions(settings, false),
    get searchAttributes() {
      return searchAttributes;
    },
  };
  let http: Server | undefined;
  if (role !== 'worker') {
    const service = createSnapshotService({
      client,
      cluster,
      repositories,
      sealer,
      policy: settings.store,
      options,
      taskQueue: settings.taskQueue,
      identity: processIdentity(),
      slmMinimumIntervalMs: settings.slm.minimumIntervalMs,
      temporalUi: settings.temporalUi,
      logger,
    });
    const app = createApp({
      service,
      cluster: settings.cluster,
      auth: settings.auth,
      names: settings.http,
      logger,
    });
    http = await listen(createHttpServer(app), settings);
  }

  let worker: RunningWorker | undefined;
  if (role !== 'api') {
    installTemporalLogging(logger);
    background.push(
      untilStopped(ending.signal, logger, async () => {
        const connection = await connectWorker(target);
        try {
          worker = await startWorker({
            settings,
            connection,
            namespace: target.namespace,
            client,
            cluster,
            repositories,
            options,
            logger,
          });
          logger.info('the worker takes tasks');
          if (ending.signal.aborted) await worker.stop();
          await worker.stopped;
        } finally {
          worker = undefined;
          await connection.close();
        }
      }),
    );
  }

  const address = http?.address() as AddressInfo | undefined;
  return {
    url: address === undefined ? undefined : `http://${hostForUrl(settings.http.host)}:${address.port}`,
    stop: async () => {
      ending.abort();
      await Promise.allSettled([http === undefined ? undefined : closeServer(http), worker?.stop()]);
      await Promise.allSettled(background);
      await repositories.close();
      await cluster.close();
      await client.connection.close();
    },
  };
}

function hostForUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

async function listen(server: Server, settings: Settings): Promise<Server> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(settings.http.port, settings.http.host, resolve);
  });
  return server;
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await closed;
  clearTimeout(timer);
}

/** Repeats `work` until it succeeds or the process ends. */
async function untilDone(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    try {
      return await work();
    } catch {
      await pause(signal);
    }
  }
}

/** Repeats `work` whenever it ends, until the process ends. Has no limit, because Temporal may be down for long. */
async function untilStopped(signal: AbortSignal, logger: Logger, work: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    try {
      await work();
    } catch (error) {
      logger.warn({ reason: (error as Error).message }, 'no worker: trying again');
      await pause(signal);
    }
  }
}

async function pause(signal: AbortSignal): Promise<void> {
  await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
}
