import { type ErrorRequestHandler } from 'express';
import { ERROR_TABLE, SnapkeepError } from '../../contracts/errors';
import { type JsonObject } from '../../elasticsearch/json-value';
import { answer } from './send-answer';

/** Log in which the error handler reports unexpected errors. */
export interface ErrorLog {
  error(details: object, message: string): void;
}

/** Returns Elasticsearch's envelope around an error of the catalogue. */
export function envelope(error: SnapkeepError): JsonObject {
  const { type, status } = ERROR_TABLE[error.code];
  const cause = { type, reason: reasonOf(error), ...resourceOf(error) };
  return { error: { root_cause: [cause], ...cause, caused_by: causedBy(error) }, status };
}

/**
 * Returns the last handler, which answers every error with an envelope. Details of an error outside the catalogue go to
 * the log alone.
 */
export function errorHandler(log: ErrorLog): ErrorRequestHandler {
  return (thrown: unknown, request, response, next) => {
    if (response.headersSent) {
      next(thrown);
      return;
    }
    const error = asCatalogued(thrown);
    if (error.code === 'internal') {
      log.error({ err: thrown, method: request.method, path: request.path }, 'a request failed unexpectedly');
    }
    answer(request, response, ERROR_TABLE[error.code].status, envelope(error));
  };
}

function asCatalogued(thrown: unknown): SnapkeepError {
  if (thrown instanceof SnapkeepError) return thrown;
  // Express reports so a path whose percent-encoding cannot be decoded.
  if (thrown instanceof URIError || (thrown as { status?: number } | undefined)?.status === 400) {
    return new SnapkeepError('illegal_argument_exception', 'the path of the request is not properly percent-encoded');
  }
  return new SnapkeepError('internal', 'an unexpected error occurred; the log of Snapkeep has it', { cause: thrown });
}

/** Returns the message; of an index that the cluster does not know, the cluster's own words, as callers look for. */
function reasonOf({ code, message, details }: SnapkeepError): string {
  return code === 'index_not_found_exception' && typeof details.reason === 'string' ? details.reason : message;
}

/** Returns the members that Elasticsearch adds to an error about an index. */
function resourceOf({ code, details }: SnapkeepError): JsonObject {
  if (code !== 'index_not_found_exception' || typeof details.index !== 'string') return {};
  const { index } = details;
  return { 'resource.type': 'index_or_alias', 'resource.id': index, index_uuid: '_na_', index };
}

/** Returns the next error of the catalogue in the chain of causes whose message differs. */
function causedBy(error: SnapkeepError): JsonObject | undefined {
  for (let cause = error.cause, depth = 0; cause instanceof Error && depth < 10; cause = cause.cause, depth++) {
    if (cause instanceof SnapkeepError && cause.message !== error.message) {
      return { type: ERROR_TABLE[cause.code].type, reason: cause.message };
    }
  }
  return undefined;
}
