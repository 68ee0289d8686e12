/** The kinds of activity call there are: how long each may take and how it is tried again. */
import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import { type ControlActivities } from '../activities/control-queue';
import { type DataActivities } from '../activities/data-queue';
import { type JobOptions } from '../src/contracts/jobs/job';

/** How long one attempt of a step may take, ms: reading the state of a very large cluster is the longest of them. */
const ATTEMPT_MS = 10 * 60_000;
const RETRY = { initialInterval: '250ms', backoffCoefficient: 2, maximumInterval: '10s' } as const;

/** What a step of a job is bounded by. */
type Bounds = Pick<JobOptions, 'retryWindowMs'>;

/**
 * Metadata: reading the cluster's state, planning, committing, rolling back. Such a call is tried again while the
 * cluster or the store is away, until the job's retry window is over: then it fails with its last failure. An attempt
 * that works is not cut by the window. Cancelling waits until the call has stopped, so that nothing is written behind
 * the back of the roll-back.
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
 * As {@link controlActivities}, for what takes long and goes on where an earlier attempt ended. The activity itself
 * gives up when there was no progress for the retry window.
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
 * One try, within seconds: somebody waits for the answer, and a later success would come unasked.
 */
export function onceActivities(summary: string) {
  return proxyActivities<ControlActivities>({
    startToCloseTimeout: '20s',
    heartbeatTimeout: '5s',
    retry: { maximumAttempts: 1 },
    summary,
  });
}

/**
 * Moving data. A worker that dies is noticed by its missing heartbeat, and another goes on from the last cursor. How
 * long a shard may be tried without progress is decided by the activity, which alone knows of the progress.
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
