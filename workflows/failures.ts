import {
  ActivityFailure,
  ApplicationFailure,
  ChildWorkflowFailure,
  isCancellation,
  TimeoutFailure,
} from '@temporalio/workflow';
import { type ErrorCode, type ErrorDetails, isErrorCode } from '../src/contracts/errors';

/**
 * The failure an activity or child ended with, beneath the wrappers Temporal puts around it. A step whose retry window
 * is over failed for the reason of its last attempt.
 */
export function causeOf(error: unknown): unknown {
  let cause = error;
  while (WRAPPERS.some((wrapper) => cause instanceof wrapper) && (cause as Error).cause !== undefined) {
    cause = (cause as Error).cause;
  }
  return cause;
}

const WRAPPERS = [ActivityFailure, ChildWorkflowFailure, TimeoutFailure] as const;

/** The code of the catalogue that a domain failure carries. */
export function codeOf(error: unknown): ErrorCode | undefined {
  const cause = causeOf(error);
  return cause instanceof ApplicationFailure && isErrorCode(cause.type) ? cause.type : undefined;
}

/** Returns whether the activity said that it failed before it had touched anything. */
export function isUntouched(error: unknown): boolean {
  const cause = causeOf(error);
  return cause instanceof ApplicationFailure && (cause.details?.[0] as ErrorDetails | undefined)?.untouched === true;
}

/** A sentence for people: what `failures` and the UI show. */
export function reasonOf(error: unknown): string {
  const cause = causeOf(error);
  if (cause instanceof ApplicationFailure) return `${cause.type ?? 'failure'}: ${cause.message}`;
  return cause instanceof Error ? cause.message : String(cause);
}

/**
 * What a job ends with. A domain failure ends the workflow under its own code; a cancellation stays one, so that the
 * execution is shown as cancelled.
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
