import { existsSync } from 'node:fs';
import path from 'node:path';
import { type Client } from '@temporalio/client';
import { SdkComponent } from '@temporalio/common';
import { DefaultLogger, type NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import { createControlActivities } from '../../activities/control-queue';
import { createDataActivities } from '../../activities/data-queue';
import { createWorkerActivities } from '../../activities/worker-queue';
import { type Cluster } from '../cluster/cluster';
import { type JobOptions } from '../contracts/jobs/job';
import { workerQueue } from '../contracts/worker-queue';
import { CodecPool } from '../documents/codec-pool';
import { type OpenRepositories } from '../registrations/open-repositories';
import { NoteReader } from '../snapshotting/note-reader';
import { processIdentity } from './identity';
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
  /** Options of the jobs that policies start; read again for each. */
  readonly options: JobOptions;
  readonly logger: Logger;
}

export interface RunningWorker {
  /** Resolves when the worker has stopped. Rejects with the reason if it stopped by itself. */
  readonly stopped: Promise<void>;
  /** Stops running activities at once; another worker resumes from their cursors. Resolves when all has ended. */
  stop(): Promise<void>;
}

/**
 * Passes the log of workflows, activities and the SDK to `logger`. Of the SDK only warnings and errors are kept,
 * without its report of a failed activity, because the activity has logged the reason. Call it once per process, before
 * the first worker.
 */
export function installTemporalLogging(logger: Logger): void {
  Runtime.install({
    logger: new DefaultLogger('INFO', ({ level, message, meta }) => {
      const isOurs = meta?.sdkComponent === SdkComponent.workflow || meta?.sdkComponent === SdkComponent.activity;
      if (!isOurs && (level === 'INFO' || message === 'Activity failed')) return;
      // The token is removed, because anyone who has it can complete the activity.
      const { taskToken: _, ...fields } = meta ?? {};
      logger[level === 'ERROR' ? 'error' : level === 'WARN' ? 'warn' : 'info'](fields, message);
    }),
    shutdownSignals: [],
  });
}

/** Activities that one worker runs concurrently because they were asked of it alone. */
const OWN_CONCURRENCY = 8;

/**
 * Starts a worker for workflows and activities. It has three task queues: one for workflows and metadata and one for
 * activities that copy data, so that a cancellation, a commit or a small job never waits for long copies; and one that
 * no other worker polls, for what has to be asked of each of them.
 */
export async function startWorker(parts: WorkerParts): Promise<RunningWorker> {
  const { settings } = parts;
  const pool = new CodecPool(settings.threads);
  const { client, cluster, repositories } = parts;
  const identity = processIdentity();
  const deps = {
    client,
    cluster,
    repositories,
    pool,
    notes: new NoteReader(),
    identity,
    jobOptions: () => ({ ...parts.options }),
    slmRetentionSchedule: settings.slm.retentionSchedule,
  };
  const common: Pick<
    WorkerOptions,
    | 'connection'
    | 'namespace'
    | 'identity'
    | 'shutdownGraceTime'
    | 'maxHeartbeatThrottleInterval'
    | 'defaultHeartbeatThrottleInterval'
  > = {
    connection: parts.connection,
    namespace: parts.namespace,
    identity,
    shutdownGraceTime: 0,
    // A cancellation reaches an activity with the answer to a heartbeat.
    maxHeartbeatThrottleInterval: '500ms',
    defaultHeartbeatThrottleInterval: '500ms',
  };
  const control = await Worker.create({
    ...common,
    ...workflowSource(),
    taskQueue: settings.taskQueue,
    activities: createControlActivities(deps),
    maxConcurrentActivityTaskExecutions: 32,
    // After a crash, tasks wait this long for the worker that had cached the workflow before another takes them.
    stickyQueueScheduleToStartTimeout: '1s',
  });
  const data = await Worker.create({
    ...common,
    taskQueue: dataTaskQueue(settings.taskQueue),
    activities: createDataActivities(deps),
    maxConcurrentActivityTaskExecutions: settings.dataConcurrency,
  });
  const own = await Worker.create({
    ...common,
    taskQueue: workerQueue(settings.taskQueue, identity),
    activities: createWorkerActivities(deps),
    maxConcurrentActivityTaskPolls: 1,
    maxConcurrentActivityTaskExecutions: OWN_CONCURRENCY,
  });
  const workers = [control, data, own];
  const runs = workers.map(async (worker) => {
    try {
      await worker.run();
    } finally {
      // With only some of them, jobs would hang.
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

/**
 * Returns the bundle of `npm run build` if there is one, also when this file runs uncompiled, as in tests. Otherwise
 * the worker bundles the workflows itself.
 */
function workflowSource(): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'> {
  const root = path.join(__dirname, '..', '..');
  const bundle = path.join(root, __filename.endsWith('.ts') ? 'dist' : '', 'workflow-bundle.js');
  return existsSync(bundle)
    ? { workflowBundle: { codePath: bundle } }
    : { workflowsPath: require.resolve('../../workflows') };
}
