/**
 * The HTTP server of the front door, with bounds: headers must arrive in time, a body must make progress, and only some
 * connections may be without a request. The time of an answer has no bound, because it can take as long as a job.
 */
import { createServer, type RequestListener, type Server } from 'node:http';
import { hasBody } from '../../api/http/request-kind';
import { timeOutBody } from './body-timeout';
import { answerClientError, MAX_HEADER_BYTES } from './client-errors';
import { drainAfterAnswer } from './drain-after-answer';
import { boundSilentConnections } from './silent-connections';

/** Bounds of the HTTP server; times in ms. */
export interface HttpLimits {
  /** Ms until the last header must have arrived. */
  readonly headersMs: number;
  /** Ms without a byte of an incomplete body. */
  readonly bodyIdleMs: number;
  /** Most connections without a request; beyond it, the one that has been silent longest is closed. */
  readonly silentConnections: number;
  /** Ms for which the rest of a body is read after an answer that did not need it. */
  readonly drainMs: number;
  /** Bytes of such a rest that are read. */
  readonly drainBytes: number;
}

/** The bounds in production. */
export const HTTP_LIMITS: HttpLimits = {
  headersMs: 20_000,
  bodyIdleMs: 30_000,
  silentConnections: 2_000,
  drainMs: 2_000,
  drainBytes: 16 * 1024 * 1024,
};

/** Checks of the headers' time per bound. */
const CHECKS_PER_BOUND = 10;
const KEEP_ALIVE_MS = 65_000;

/** Creates the server around `listener`; it does not listen yet. */
export function createHttpServer(listener: RequestListener, limits: HttpLimits = HTTP_LIMITS): Server {
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: limits.headersMs,
      // A request with wait_for_completion lasts as long as its job.
      requestTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: Math.ceil(limits.headersMs / CHECKS_PER_BOUND),
    },
    (request, response) => {
      if (hasBody(request)) {
        timeOutBody(request, response, limits.bodyIdleMs);
        drainAfterAnswer(request, response, limits);
      }
      listener(request, response);
    },
  );
  server.on('clientError', answerClientError);
  boundSilentConnections(server, limits.silentConnections);
  return server;
}
