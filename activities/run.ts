/**
 * The shell around every activity: heartbeats, cancellation, failures. What an activity does is in src/; here it gets
 * time and signals.
 */
import { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { isSnapkeepError } from '../src/contracts/errors';
import { type CopyProgress } from '../src/contracts/jobs';

/** Heartbeats go out at this pace, ms; the worker throttles them to about the same. */
const HEARTBEAT_MS = 400;

/** Heartbeat details of a data activity: what a retry goes on from, and what `_status` shows meanwhile. */
export interface Heartbeat<Cursor> {
  readonly cursor?: Cursor;
  readonly progress?: CopyProgress;
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
  progress(progress: CopyProgress): void;
  /** Shows how far it is, without counting as progress: the work may be a repetition. */
  show(progress: CopyProgress): void;
}

/**
 * Runs `work`. A SnapkeepError becomes an ApplicationFailure of its code; a retryable one becomes final once there was
 * no progress for `retryWindowMs`. A worker that is asked to stop lets go at once: the server hands the activity to
 * another, which goes on from the cursor.
 */
export async function runActivity<Result, Cursor = never>(
  work: (run: ActivityRun<Cursor>) => Promise<Result>,
  retryWindowMs = Infinity,
): Promise<Result> {
  const context = Context.current();
  const former = context.info.heartbeatDetails as Heartbeat<Cursor> | undefined;
  let beat: Heartbeat<Cursor> = former ?? { progressMillis: context.info.scheduledTimestampMs };
  const timer = setInterval(() => context.heartbeat(beat), HEARTBEAT_MS);
  if (former !== undefined) context.heartbeat(beat);
  try {
    return await work({
      signal: context.cancellationSignal,
      resumeFrom: former?.cursor,
      advance: (cursor) => {
        beat = { ...beat, cursor, progressMillis: Date.now() };
        context.heartbeat(beat);
      },
      progress: (progress) => {
        beat = { ...beat, progress, progressMillis: Date.now() };
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
    throw toFailure(error, Date.now() - beat.progressMillis > retryWindowMs);
  } finally {
    clearInterval(timer);
  }
}

/** What Temporal is told of an error. Programming errors are final: trying again would not mend them. */
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

/** Whether an earlier try of this activity may have done a part of its work. */
export function isRepeated(): boolean {
  return Context.current().info.attempt > 1;
}

/** The workflow that called, and the queue it is served on. */
export function thisJob(): { readonly workflowId: string; readonly taskQueue: string } {
  const { workflowExecution, taskQueue } = Context.current().info;
  if (workflowExecution === undefined) throw new Error('an activity that no workflow called');
  return { workflowId: workflowExecution.workflowId, taskQueue };
}
