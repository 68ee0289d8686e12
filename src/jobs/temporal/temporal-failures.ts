/** Converts the errors of Temporal's client to SnapkeepErrors. No other file decides that. */
import {
  isGrpcServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure } from '@temporalio/common';
import { temporalUnavailable } from '../../contracts/common-errors';
import { type ErrorDetails, isErrorCode, isSnapkeepError, SnapkeepError } from '../../contracts/errors';

/** gRPC status codes, as numbers on the wire. */
const CANCELLED = 1;
const DEADLINE_EXCEEDED = 4;
const FAILED_PRECONDITION = 9;

/**
 * Returns the SnapkeepError that `error` stands for: the domain failure in its chain of causes, else
 * `temporal_unavailable` for an error of the Temporal service itself, else `error` unchanged.
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
      return temporalUnavailable(cause.details || cause.message, error);
    }
  }
  return error;
}

/** Is thrown when a call to Temporal exceeds its deadline. */
export class NoAnswerInTimeError extends Error {
  override readonly name = 'NoAnswerInTimeError';
}

/** Returns whether the call exceeded its deadline, or this process cancelled it. */
export function isTimeout(error: unknown): boolean {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || error instanceof NoAnswerInTimeError) return true;
  return causes(error).some(
    (cause) => isGrpcServiceError(cause) && (cause.code === DEADLINE_EXCEEDED || cause.code === CANCELLED),
  );
}

/** Returns whether a query found no worker, or a workflow that no worker has started to run. */
export function isNotReady(error: unknown): boolean {
  return causes(error).some((cause) => isGrpcServiceError(cause) && cause.code === FAILED_PRECONDITION);
}

/** Returns whether the workflow does not exist, or has ended and so takes no more signals and updates. */
export function isWorkflowMissing(error: unknown): boolean {
  return causes(error).some((cause) => cause instanceof WorkflowNotFoundError);
}

/** Returns whether the job ended because it was cancelled or terminated. */
export function isStopped(error: unknown): boolean {
  return causes(error).some((cause) => cause instanceof CancelledFailure || cause instanceof TerminatedFailure);
}

function causes(error: unknown): Error[] {
  const chain: Error[] = [];
  for (let cause = error; cause instanceof Error && chain.length < 20; cause = cause.cause) chain.push(cause);
  return chain;
}
