import { type Duplex } from 'node:stream';
import { envelope } from '../../api/http/error-envelope';
import { ERROR_TABLE, type ErrorCode, SnapkeepError } from '../../contracts/errors';
import { printJson } from '../../elasticsearch/print-json';

/** Most bytes of the first line and the headers of a request. */
export const MAX_HEADER_BYTES = 16 * 1024;

const CLIENT_ERRORS: Readonly<Record<string, { code: ErrorCode; reason: string }>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { code: 'request_timeout', reason: 'the headers of the request did not come in time' },
  HPE_HEADER_OVERFLOW: {
    code: 'request_headers_too_long',
    reason: `the headers of the request have more than [${MAX_HEADER_BYTES}] bytes`,
  },
};
const MALFORMED = { code: 'request_malformed', reason: 'the request is not HTTP/1.1' } as const;
const LINE_TOO_LONG = {
  code: 'request_line_too_long',
  reason: `the first line of the request has more than [${MAX_HEADER_BYTES}] bytes: name fewer things, or use wildcards`,
} as const;

/** Answers bytes that could not be parsed as a request, with the same envelope as all other errors. */
export function answerClientError(error: NodeJS.ErrnoException & { rawPacket?: Buffer }, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const known = Object.hasOwn(CLIENT_ERRORS, error.code ?? '') ? CLIENT_ERRORS[error.code!]! : MALFORMED;
  const isLine = error.code === 'HPE_HEADER_OVERFLOW' && endOfLine(error.rawPacket) > MAX_HEADER_BYTES / 2;
  const { code, reason } = isLine ? LINE_TOO_LONG : known;
  const body = printJson(envelope(new SnapkeepError(code, reason)), false);
  const { status } = ERROR_TABLE[code];
  const head = `HTTP/1.1 ${status} ${STATUS_TEXT[status]}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n`;
  socket.end(head + body);
}

/** Returns the length of the first line, as far as it is in the packet that exceeded the limit. */
function endOfLine(packet: Buffer = Buffer.alloc(0)): number {
  const end = packet.indexOf('\n');
  return end < 0 ? packet.length : end;
}

const STATUS_TEXT: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  414: 'URI Too Long',
  431: 'Request Header Fields Too Large',
};
