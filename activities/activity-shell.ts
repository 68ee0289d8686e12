/** The shell around every activity: heartbeats, cancellation, failures. The work of an activity is in src/. */
import { Context, type Info } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { isSnapkeepError, SnapkeepError } from '../src/contracts/errors';
import { type ShardProgress } from '../src/contracts/jobs/copy';
import { type CopyProgress } from '../src/contracts/jobs/job';

/**
 * An attempt that begins later than this after the last progress fails for good: so many retry windows, and so many ms
 * more. Usually a failure ends the activity earlier, with a better reason.
 */
const SILENT_WINDOWS = 2;
const SILENT_MS = 60_000;

/** Interval of heartbeats, ms; the worker throttles them to about the same. */
const HEARTBEAT_MS = 400;

/** Heartbeat details of an activity: a retry goes on from the cursor, `_status` shows the progress. */
export interface Heartbeat<Cursor> {
  readonly cursor?: Cursor;
  readonly progress?: CopyProgress;
  /** The shards that an activity for several shards is copying. */
  readonly working?: readonly ShardProgress[];
  /** Time of the last progress, ms since the epoch: the retry window counts from it. */
  readonly progressMillis: number;
}

/** One attempt of an activity, as its work sees it. */
interface ActivityRun<Cursor> {
  /** Aborted when the job is cancelled, the activity timed out, or the worker shuts down. */
  readonly signal: AbortSignal;
  /** The last cursor of earlier attempts. */
  readonly resumeFrom: Cursor | undefined;
  /** Records that the work up to the cursor need not be repeated. Counts as progress. */
  readonly advance: (cursor: Cursor) => void;
  /** Records progress that a retry would have to repeat. */
  readonly progress: (progress: CopyProgress, working?: readonly ShardProgress[]) => void;
  /** Shows the work done, which does not count as progress: it may repeat an earlier attempt. */
  readonly show: (progress: CopyProgress) => void;
  /** Returns whether `signal` was aborted for good: the job was cancelled, so no other attempt follows. */
  readonly isCancelled: () => boolean;
}

/**
 * Runs the work of an activity with heartbeats. Logs when an attempt resumes, is retried or gives up.
 *
 * A SnapkeepError becomes an ApplicationFailure of its code. A retryable one becomes final once there was no progress
 * for `retryWindowMs` (by default the window of the call's profile), also if earlier attempts ended without a failure
 * because their workers crashed. Throws a CancelledFailure when the job was cancelled. When the worker shuts down, ends
 * the attempt at once: another worker goes on from the cursor.
 */
export async function runActivity<Result, Cursor = never>(
  work: (run: ActivityRun<Cursor>) => Promise<Result>,
  retryWindowMs = windowOf(Context.current().info),
): Promise<Result> {
  const context = Context.current();
  const former = context.info.heartbeatDetails as Heartbeat<Cursor> | undefined;
  let beat: Heartbeat<Cursor> = former ?? { progressMillis: context.info.scheduledTimestampMs };
  const idleMs = (): number => Date.now() - beat.progressMillis;
  const timer = setInterval(() => context.heartbeat(beat), HEARTBEAT_MS);
  if (former !== undefined) context.heartbeat(beat);
  try {
    if (context.info.attempt > 1) {
      context.log.info('attempt begins', { resumes: former?.cursor !== undefined, idleMs: idleMs() });
      if (idleMs() > SILENT_WINDOWS * retryWindowMs + SILENT_MS) throw noProgress(context.info.attempt, idleMs());
    }
    return await work({
      signal: context.cancellationSignal,
      resumeFrom: former?.cursor,
      advance: (cursor) => {
        beat = { ...beat, cursor, progressMillis: Date.now() };
        context.heartbeat(beat);
      },
      progress: (progress, working) => {
        beat = { ...beat, progress, working, progressMillis: Date.now() };
      },
      show: (progress) => {
        beat = { ...beat, progress };
      },
      isCancelled: () => context.cancellationDetails?.cancelRequested === true,
    });
  } catch (error) {
    if (context.cancellationSignal.aborted) throw interruption(context, () => context.heartbeat(beat));
    const failure = toFailure(error, idleMs() > retryWindowMs);
    logFailure(context, failure, error);
    throw failure;
  } finally {
    clearInterval(timer);
  }
}

/** Returns the failure of an attempt that had to stop: its job was cancelled, or its worker shuts down. */
function interruption({ cancellationDetails }: Context, sendCursor: () => void): Error {
  if (cancellationDetails?.cancelRequested === true || cancellationDetails?.workerShutdown !== true) {
    return new CancelledFailure('cancelled');
  }
  // The server must have the last cursor before the failure: heartbeats are sent before completions.
  sendCursor();
  return ApplicationFailure.create({
    message: 'the worker shuts down; another goes on',
    type: 'worker_unavailable',
    nextRetryDelay: '10ms',
  });
}

function logFailure({ log }: Context, failure: ApplicationFailure, error: unknown): void {
  log.warn(failure.nonRetryable ? 'activity gives up' : 'attempt failed, it is made again', {
    code: failure.type,
    reason: failure.message,
    ...(failure.type === 'internal' && error instanceof Error ? { stack: error.stack } : {}),
  });
}

/** Returns the retry window of a step, ms: the time of all attempts beyond that of one. Infinity if unbounded. */
function windowOf({ scheduleToCloseTimeoutMs: allMs, startToCloseTimeoutMs: oneMs }: Info): number {
  return allMs > 0 && oneMs > 0 && allMs > oneMs ? allMs - oneMs : Infinity;
}

/** Returns the error of attempts that end without a failure, such as those of crashed workers: they are bounded too. */
function noProgress(attempt: number, idleMs: number): SnapkeepError {
  return new SnapkeepError(
    'worker_unavailable',
    `attempt [${attempt}] begins after [${idleMs}] ms without progress; the workers of the earlier ones gave no answer`,
  );
}

/** Converts an error to the failure that Temporal records. Programming errors are final: a retry would fail again. */
export function toFailure(error: unknown, giveUp: boolean): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  if (isSnapkeepError(error)) {
    return ApplicationFailure.create({
      message: giveUp && error.retryable ? `${error.message} (no progress within the retry window)` : error.message,
      type: error.code,
      nonRetryable: giveUp || !error.retryable,
      details: [error.details],
    });
  }
  const cause = error instanceof Error ? error : new Error(String(error));
  return ApplicationFailure.create({ message: cause.message, type: 'internal', nonRetryable: true, cause });
}

/** Returns whether an earlier attempt of this activity may have done a part of its work. */
export function isRepeated(): boolean {
  return Context.current().info.attempt > 1;
}

/** Returns the id of the calling workflow, and the task queue that serves it. */
export function thisJob(): { readonly workflowId: string; readonly taskQueue: string } {
  const { workflowExecution, taskQueue } = Context.current().info;
  if (workflowExecution === undefined) throw new Error('an activity that no workflow called');
  return { workflowId: workflowExecution.workflowId, taskQueue };
}
