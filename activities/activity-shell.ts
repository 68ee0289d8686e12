/**
 * The shell around every activity: heartbeats, cancellation, failures. What an activity does is in src/; here it gets
 * time and signals.
 */
import { Context, type Info } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { isSnapkeepError, SnapkeepError } from '../src/contracts/errors';
import { type ShardProgress } from '../src/contracts/jobs/copy';
import { type CopyProgress } from '../src/contracts/jobs/job';

/**
 * An attempt that begins this much later than the last progress is the last: retry windows, and ms beyond them. A
 * failure ends the activity earlier, and with a better reason.
 */
const SILENT_WINDOWS = 2;
const SILENT_MS = 60_000;

/** Heartbeats go out at this pace, ms; the worker throttles them to about the same. */
const HEARTBEAT_MS = 400;

/** Heartbeat details of a data activity: what a retry goes on from, and what `_status` shows meanwhile. */
export interface Heartbeat<Cursor> {
  readonly cursor?: Cursor;
  readonly progress?: CopyProgress;
  /** Of an activity that copies several shards: those it is at. */
  readonly working?: readonly ShardProgress[];
  /** When the activity last got further, ms since the epoch: the retry window counts from here. */
  readonly progressMillis: number;
}

export interface ActivityRun<Cursor> {
  /** Aborted when the job is cancelled, the activity timed out, or the worker shuts down. */
  readonly signal: AbortSignal;
  /** Where an earlier try left off. */
  readonly resumeFrom: Cursor | undefined;
  /** Notes a step that need not be done again, and what `_status` shows. */
  advance(cursor: Cursor): void;
  /** Notes progress that a retry would have to repeat. */
  progress(progress: CopyProgress, working?: readonly ShardProgress[]): void;
  /** Shows how far it is, without counting as progress: the work may be a repetition. */
  show(progress: CopyProgress): void;
}

/**
 * Runs `work`, by default within the retry window of its profile. A SnapkeepError becomes an ApplicationFailure of its code; a retryable one becomes final once there was
 * no progress for `retryWindowMs`, also where earlier attempts ended without a word (their workers died). A worker that
 * is asked to stop lets go at once: the server hands the activity to another, which goes on from the cursor. Resuming,
 * retrying and giving up are log lines.
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
    });
  } catch (error) {
    if (context.cancellationSignal.aborted) {
      if (
        context.cancellationDetails?.cancelRequested !== true &&
        context.cancellationDetails?.workerShutdown === true
      ) {
        // The last cursor must be with the server before the failure is: heartbeats are sent before completions.
        context.heartbeat(beat);
        throw ApplicationFailure.create({
          message: 'the worker shuts down; another goes on',
          type: 'worker_unavailable',
          nextRetryDelay: '10ms',
        });
      }
      throw new CancelledFailure('cancelled');
    }
    const failure = toFailure(error, idleMs() > retryWindowMs);
    context.log.warn(failure.nonRetryable ? 'activity gives up' : 'attempt failed, it is made again', {
      code: failure.type,
      reason: failure.message,
      ...(failure.type === 'internal' && error instanceof Error ? { stack: error.stack } : {}),
    });
    throw failure;
  } finally {
    clearInterval(timer);
  }
}

/** Returns the retry window of a step: what all its attempts may take beyond what one may. Infinite where that is not bounded. */
function windowOf({ scheduleToCloseTimeoutMs: allMs, startToCloseTimeoutMs: oneMs }: Info): number {
  return allMs > 0 && oneMs > 0 && allMs > oneMs ? allMs - oneMs : Infinity;
}

/** Attempts that end without a failure of their own, such as those of workers that die, are bounded too. */
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

/** The workflow that called, and the queue it is served on. */
export function thisJob(): { readonly workflowId: string; readonly taskQueue: string } {
  const { workflowExecution, taskQueue } = Context.current().info;
  if (workflowExecution === undefined) throw new Error('an activity that no workflow called');
  return { workflowId: workflowExecution.workflowId, taskQueue };
}
