import { type ErrorRequestHandler } from 'express';
import { ERROR_CATALOGUE, SnapkeepError } from '../../contracts/errors';
import { type JsonObject } from '../../elasticsearch/json-value';
import { answer } from './send-answer';

/** What the error handler tells of errors nobody expected. */
export interface ErrorLog {
  error(details: object, message: string): void;
}

/** Elasticsearch's envelope around an error of the catalogue. */
export function envelope(error: SnapkeepError): JsonObject {
  const { type, status } = ERROR_CATALOGUE[error.code];
  const cause = { type, reason: error.message };
  return { error: { root_cause: [cause], ...cause, ...resourceOf(error), caused_by: causedBy(error) }, status };
}

/** The last handler: every error becomes an envelope; what is not of the catalogue is told to nobody but the log. */
export function errorHandler(log: ErrorLog): ErrorRequestHandler {
  return (thrown: unknown, request, response, next) => {
    if (response.headersSent) {
      next(thrown);
      return;
    }
    const error = known(thrown);
    if (error.code === 'internal') {
      log.error({ err: thrown, method: request.method, path: request.path }, 'a request failed unexpectedly');
    }
    answer(request, response, ERROR_CATALOGUE[error.code].status, envelope(error));
  };
}

function known(thrown: unknown): SnapkeepError {
  if (thrown instanceof SnapkeepError) return thrown;
  // Express: a path whose percent-encoding can't be decoded.
  if (thrown instanceof URIError || (thrown as { status?: number } | undefined)?.status === 400) {
    return new SnapkeepError('illegal_argument_exception', 'the path of the request is not properly percent-encoded');
  }
  return new SnapkeepError('internal', 'an unexpected error occurred; the log of Snapkeep has it', { cause: thrown });
}

/** What Elasticsearch adds to an error about an index. */
function resourceOf({ code, details }: SnapkeepError): JsonObject {
  if (code !== 'index_not_found_exception' || typeof details.index !== 'string') return {};
  return { 'resource.type': 'index_or_alias', 'resource.id': details.index, index: details.index };
}

/** The next error of the catalogue in the chain, where it says something else. */
function causedBy(error: SnapkeepError): JsonObject | undefined {
  for (let cause = error.cause, depth = 0; cause instanceof Error && depth < 10; cause = cause.cause, depth++) {
    if (cause instanceof SnapkeepError && cause.message !== error.message) {
      return { type: ERROR_CATALOGUE[cause.code].type, reason: cause.message };
    }
  }
  return undefined;
}
