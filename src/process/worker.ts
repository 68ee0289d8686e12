import { existsSync } from 'node:fs';
import path from 'node:path';
import { type Client } from '@temporalio/client';
import { SdkComponent } from '@temporalio/common';
import { DefaultLogger, type NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import { createControlActivities } from '../../activities/control-queue';
import { createDataActivities } from '../../activities/data-queue';
import { type Cluster } from '../cluster/cluster';
import { CodecPool } from '../documents/codec-pool';
import { type OpenRepositories } from '../registrations/open-repositories';
import { dataTaskQueue } from './job-options';
import { type Logger } from './logging';
import { type Settings } from './settings';

interface WorkerParts {
  readonly settings: Settings;
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly client: Client;
  readonly cluster: Cluster;
  readonly repositories: OpenRepositories;
  readonly logger: Logger;
}

export interface RunningWorker {
  /** Settles when the worker has stopped; rejects when it stopped by itself, with the reason. */
  readonly stopped: Promise<void>;
  /** Lets go of running activities at once (another worker goes on from their cursors) and resolves when all is quiet. */
  stop(): Promise<void>;
}

/**
 * Sends what workflows, activities and the SDK log where our lines go: of the SDK only warnings and errors, and not its
 * report of a failed activity, which the activity has logged with its reason. Once per process, before the first worker.
 */
export function installTemporalLogging(logger: Logger): void {
  Runtime.install({
    logger: new DefaultLogger('INFO', ({ level, message, meta }) => {
      const isOurs = meta?.sdkComponent === SdkComponent.workflow || meta?.sdkComponent === SdkComponent.activity;
      if (!isOurs && (level === 'INFO' || message === 'Activity failed')) return;
      // With the token anybody could complete the activity.
      const { taskToken: _, ...fields } = meta ?? {};
      logger[level === 'ERROR' ? 'error' : level === 'WARN' ? 'warn' : 'info'](fields, message);
    }),
    shutdownSignals: [],
  });
}

/**
 * Serves workflows and activities. Two task queues: one for workflows and metadata, one for activities that move data,
 * so that a cancel, a commit or a small job never waits behind long copies.
 */
export async function startWorker(parts: WorkerParts): Promise<RunningWorker> {
  const { settings } = parts;
  const pool = new CodecPool(settings.threads);
  const deps = { client: parts.client, cluster: parts.cluster, repositories: parts.repositories, pool };
  const common: Pick<
    WorkerOptions,
    | 'connection'
    | 'namespace'
    | 'shutdownGraceTime'
    | 'maxHeartbeatThrottleInterval'
    | 'defaultHeartbeatThrottleInterval'
  > = {
    connection: parts.connection,
    namespace: parts.namespace,
    shutdownGraceTime: 0,
    // A cancel reaches an activity with the answer to a heartbeat.
    maxHeartbeatThrottleInterval: '500ms',
    defaultHeartbeatThrottleInterval: '500ms',
  };
  const control = await Worker.create({
    ...common,
    ...workflowSource(),
    taskQueue: settings.taskQueue,
    activities: createControlActivities(deps),
    maxConcurrentActivityTaskExecutions: 32,
    // After a crash, tasks wait this long for the worker that knew the workflow before any other takes them.
    stickyQueueScheduleToStartTimeout: '1s',
  });
  const data = await Worker.create({
    ...common,
    taskQueue: dataTaskQueue(settings.taskQueue),
    activities: createDataActivities(deps),
    maxConcurrentActivityTaskExecutions: settings.dataConcurrency,
  });
  const workers = [control, data];
  const runs = workers.map(async (worker) => {
    try {
      await worker.run();
    } finally {
      // One without the other would leave jobs hanging.
      for (const other of workers) if (other.getState() === 'RUNNING') other.shutdown();
    }
  });
  const stopped = Promise.all(runs).then(
    () => pool.close(),
    async (error: unknown) => {
      await Promise.allSettled(runs);
      await pool.close();
      throw error;
    },
  );
  return {
    stopped,
    stop: async () => {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await stopped;
    },
  };
}

/** The bundle that `npm run build` made, also where this file runs uncompiled, as in tests; bundled on the spot without. */
function workflowSource(): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'> {
  const root = path.join(__dirname, '..', '..');
  const bundle = path.join(root, __filename.endsWith('.ts') ? 'dist' : '', 'workflow-bundle.js');
  return existsSync(bundle)
    ? { workflowBundle: { codePath: bundle } }
    : { workflowsPath: require.resolve('../../workflows') };
}
