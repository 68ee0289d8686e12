import { type ErrorCode, type ErrorDetails, isSnapkeepError, SnapkeepError } from '../contracts/errors';

/** An error as data, because structured clone keeps neither its class nor its code. */
export interface ThreadFailure {
  readonly kind: 'failed';
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
}

/**
 * Converts what was thrown in a thread to data. Errors without a code become `internal`, with their stack as message.
 */
export function threadFailure(error: unknown): ThreadFailure {
  if (isSnapkeepError(error)) {
    return { kind: 'failed', code: error.code, message: error.message, details: error.details };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { kind: 'failed', code: 'internal', message, details: {} };
}

/** Returns the error that {@link threadFailure} converted. */
export function errorOf({ code, message, details }: ThreadFailure): SnapkeepError {
  return new SnapkeepError(code, message, { details });
}
