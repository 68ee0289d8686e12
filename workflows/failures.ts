import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure, isCancellation } from '@temporalio/workflow';
import { type ErrorCode } from '../src/contracts/errors';

/** The failure an activity or child ended with, beneath the wrappers Temporal puts around it. */
export function causeOf(error: unknown): unknown {
  let cause = error;
  while ((cause instanceof ActivityFailure || cause instanceof ChildWorkflowFailure) && cause.cause !== undefined) {
    cause = cause.cause;
  }
  return cause;
}

/** Whether the error is a domain failure with this code of the catalogue. */
export function hasCode(error: unknown, code: ErrorCode): boolean {
  const cause = causeOf(error);
  return cause instanceof ApplicationFailure && cause.type === code;
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
