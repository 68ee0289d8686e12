import { type IncomingMessage, type ServerResponse } from 'node:http';
import { envelope } from '../../api/http/error-envelope';
import { ERROR_TABLE, SnapkeepError } from '../../contracts/errors';
import { printJson } from '../../elasticsearch/print-json';

/** Checks of the body per timeout. */
const CHECKS_PER_TIMEOUT = 10;

/**
 * Answers 408 if no byte of the body arrives for `idleMs`, although all earlier bytes were consumed. Checks until the
 * response closes.
 */
export function timeOutBody(request: IncomingMessage, response: ServerResponse, idleMs: number): void {
  let seen = -1;
  let since = Date.now();
  const timer = setInterval(
    () => {
      if (request.complete || request.destroyed || response.writableEnded) {
        clearInterval(timer);
        return;
      }
      const { bytesRead } = request.socket;
      // Buffered bytes wait for the cluster, or for this process; then the sender is not the slow one.
      if (bytesRead !== seen || request.readableLength > 0) {
        seen = bytesRead;
        since = Date.now();
      } else if (Date.now() - since >= idleMs) {
        clearInterval(timer);
        answerTimeout(request, response, idleMs);
      }
    },
    Math.ceil(idleMs / CHECKS_PER_TIMEOUT),
  );
  response.once('close', () => clearInterval(timer));
}

function answerTimeout(request: IncomingMessage, response: ServerResponse, idleMs: number): void {
  const { socket } = request;
  if (response.headersSent) {
    socket.destroy();
    return;
  }
  const error = new SnapkeepError('request_timeout', `no byte of the request body came for [${idleMs}ms]`);
  const body = printJson(envelope(error), false);
  response.writeHead(ERROR_TABLE[error.code].status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  });
  response.end(body, () => socket.destroy());
}
