/** Reads failures of steps, and makes failures of jobs. */
import {
  ActivityFailure,
  ApplicationFailure,
  ChildWorkflowFailure,
  isCancellation,
  TimeoutFailure,
} from '@temporalio/workflow';
import { type ErrorCode, type ErrorDetails, isErrorCode, SnapkeepError } from '../src/contracts/errors';

/**
 * Returns the failure that an activity or child ended with, without the wrappers that Temporal puts around it. For a
 * step whose retry window is over, that is the failure of its last attempt.
 */
function causeOf(error: unknown): unknown {
  let cause = error;
  while (WRAPPERS.some((wrapper) => cause instanceof wrapper) && (cause as Error).cause !== undefined) {
    cause = (cause as Error).cause;
  }
  return cause;
}

const WRAPPERS = [ActivityFailure, ChildWorkflowFailure, TimeoutFailure] as const;

/** Returns the error code of a domain failure; undefined for any other error. */
export function codeOf(error: unknown): ErrorCode | undefined {
  const cause = causeOf(error);
  return cause instanceof ApplicationFailure && isErrorCode(cause.type) ? cause.type : undefined;
}

/** Returns whether the activity reported that it failed before it had touched anything. */
export function isUntouched(error: unknown): boolean {
  const cause = causeOf(error);
  return cause instanceof ApplicationFailure && (cause.details?.[0] as ErrorDetails | undefined)?.untouched === true;
}

/** Returns whether no worker took the activity's task in time. */
export function isUnstarted(error: unknown): boolean {
  const { cause } = error as Error;
  return cause instanceof TimeoutFailure && cause.timeoutType === 'SCHEDULE_TO_START';
}

/** Returns the reason as a sentence for people, as `failures` and the UI show it. */
export function reasonOf(error: unknown): string {
  const cause = causeOf(error);
  if (cause instanceof ApplicationFailure) return `${cause.type ?? 'failure'}: ${cause.message}`;
  return cause instanceof Error ? cause.message : String(cause);
}

/**
 * Returns the error that a job throws for the failure of a step. A domain failure keeps its code and is final; a
 * cancellation stays one, so that Temporal shows the execution as cancelled.
 */
export function jobFailure(error: unknown): unknown {
  if (isCancellation(error)) return error;
  const cause = causeOf(error);
  if (cause instanceof ApplicationFailure) {
    return ApplicationFailure.create({
      message: cause.message,
      type: cause.type ?? 'internal',
      nonRetryable: true,
      details: cause.details ?? [],
    });
  }
  return error;
}

/** Runs `check`; throws its SnapkeepError as the failure of its code. */
export function asFailure(check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof SnapkeepError)) throw error;
    throw ApplicationFailure.nonRetryable(error.message, error.code, error.details);
  }
}
