/** From what Temporal's client throws back to the catalogue of errors: the one place where that is decided. */
import {
  isGrpcServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure } from '@temporalio/common';
import { type ErrorDetails, isErrorCode, isSnapkeepError, SnapkeepError } from '../../contracts/errors';

/** gRPC status codes, as numbers on the wire. */
const CANCELLED = 1;
const DEADLINE_EXCEEDED = 4;
const FAILED_PRECONDITION = 9;

/**
 * The error of the catalogue that `error` stands for: the domain failure at the end of its chain of causes, else
 * `temporal_unavailable` for whatever the Temporal service itself answered, else the error as it is.
 */
export function asSnapkeepError(error: unknown): unknown {
  for (const cause of causes(error)) {
    if (isSnapkeepError(cause)) return cause;
    if (cause instanceof ApplicationFailure && isErrorCode(cause.type)) {
      return new SnapkeepError(cause.type, cause.message, {
        details: (cause.details?.[0] as ErrorDetails | undefined) ?? {},
        cause: error,
      });
    }
    if (cause instanceof ApplicationFailure) return new SnapkeepError('internal', cause.message, { cause: error });
  }
  for (const cause of causes(error)) {
    if (isGrpcServiceError(cause)) {
      return new SnapkeepError('temporal_unavailable', `Temporal did not answer: ${cause.details || cause.message}`, {
        cause: error,
      });
    }
  }
  return error;
}

/** A call to Temporal that was not waited for any longer. */
export class NoAnswerInTimeError extends Error {
  override readonly name = 'NoAnswerInTimeError';
}

/** Whether the call ran out of its time, or was given up by us. */
export function isTimeout(error: unknown): boolean {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || error instanceof NoAnswerInTimeError) return true;
  return causes(error).some(
    (cause) => isGrpcServiceError(cause) && (cause.code === DEADLINE_EXCEEDED || cause.code === CANCELLED),
  );
}

/** Whether a query found a workflow that no worker has begun to work on yet, or no worker at all. */
export function isNotReady(error: unknown): boolean {
  return causes(error).some((cause) => isGrpcServiceError(cause) && cause.code === FAILED_PRECONDITION);
}

export function isWorkflowMissing(error: unknown): boolean {
  return causes(error).some((cause) => cause instanceof WorkflowNotFoundError);
}

/** Whether the job ended because somebody cancelled or terminated it. */
export function isStopped(error: unknown): boolean {
  return causes(error).some((cause) => cause instanceof CancelledFailure || cause instanceof TerminatedFailure);
}

function causes(error: unknown): Error[] {
  const chain: Error[] = [];
  for (let cause = error; cause instanceof Error && chain.length < 20; cause = cause.cause) chain.push(cause);
  return chain;
}
