/** The profiles of activity calls: how long an attempt may take, and how it is retried. `summary` is for the UI. */
import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import { type ControlActivities } from '../activities/control-queue';
import { type DataActivities } from '../activities/data-queue';
import { type WorkerActivities } from '../activities/worker-queue';
import { type JobOptions } from '../src/contracts/jobs/job';

/** Longest time of one attempt of a step, ms: reading the state of a very large cluster takes longest. */
const ATTEMPT_MS = 10 * 60_000;
/** Time of the only attempt of a call that somebody waits for, ms. */
const ONCE_MS = 20_000;
const RETRY = { initialInterval: '250ms', backoffCoefficient: 2, maximumInterval: '10s' } as const;

/** The options that bound a step of a job. */
type Bounds = Pick<JobOptions, 'retryWindowMs'>;

/**
 * Returns the activities for metadata: reading the cluster's state, planning, committing, rolling back. A call is
 * retried while the cluster or the store is unavailable. When the job's retry window is over, it fails with its last
 * failure; an attempt that works is not cut off by the window. Cancelling waits until the call has stopped, because it
 * could otherwise write after the roll-back.
 */
export function controlActivities({ retryWindowMs }: Bounds, summary: string) {
  return proxyActivities<ControlActivities>({
    startToCloseTimeout: ATTEMPT_MS,
    // The activity reads its retry window off the difference (activities/activity-shell.ts).
    scheduleToCloseTimeout: retryWindowMs + ATTEMPT_MS,
    heartbeatTimeout: '10s',
    retry: RETRY,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    summary,
  });
}

/**
 * Returns the same activities as {@link controlActivities}, for calls that take long and go on where an earlier attempt
 * ended. The activity itself gives up when it had no progress for the retry window.
 */
export function longActivities(summary: string) {
  return proxyActivities<ControlActivities>({
    startToCloseTimeout: '7 days',
    heartbeatTimeout: '10s',
    retry: RETRY,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    summary,
  });
}

/**
 * Returns the activities for one attempt within seconds. Because somebody waits for the answer, a later success would
 * be of no use.
 */
export function onceActivities(summary: string) {
  return proxyActivities<ControlActivities>({
    startToCloseTimeout: ONCE_MS,
    heartbeatTimeout: '5s',
    retry: { maximumAttempts: 1 },
    summary,
  });
}

/**
 * Returns the activities of one worker, for one attempt within seconds as {@link onceActivities}, or
 * within `attemptMs`. A worker that does
 * not take the task soon no longer polls: no other takes it from this queue.
 */
export function workerActivities(taskQueue: string, summary: string, attemptMs = ONCE_MS) {
  return proxyActivities<WorkerActivities>({
    taskQueue,
    scheduleToStartTimeout: '3s',
    startToCloseTimeout: attemptMs,
    heartbeatTimeout: '5s',
    retry: { maximumAttempts: 1 },
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    summary,
  });
}

/**
 * Returns the activities that move data. A worker that crashed is noticed by its missing heartbeat, and another worker
 * goes on from the last cursor. The activity itself gives up when it had no progress for the retry window, because it
 * alone knows its progress.
 */
export function dataActivities(options: JobOptions, summary: string) {
  return proxyActivities<DataActivities>({
    taskQueue: options.dataTaskQueue,
    startToCloseTimeout: '7 days',
    heartbeatTimeout: '5s',
    retry: RETRY,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    summary,
  });
}
