import type { IncomingMessage } from 'node:http';
import { createGunzip } from 'node:zlib';
import { ElasticsearchError, illegalArgument, PlainError } from '../elasticsearch-error';

/** `http.max_content_length` of Elasticsearch. */
const MAX_BODY_BYTES = 100 * 1024 * 1024;

/** Bodies that are held at the same time; more is answered with 429, which clients take as "slower". */
const MAX_BYTES_IN_FLIGHT = 4 * MAX_BODY_BYTES;

const MEDIA_TYPES = /^application\/(vnd\.elasticsearch\+)?(json|x-ndjson)$/;

let bytesInFlight = 0;

interface ReceivedBody {
  readonly bytes: Buffer;
  /** To be called when the body is no longer needed. */
  readonly release: () => void;
}

const tooLong = (): ElasticsearchError =>
  new ElasticsearchError(
    'content_too_long_exception',
    `entity content is too long, the limit is [${MAX_BODY_BYTES}] bytes`,
    413,
  );

/** Receives a whole body, unpacked if it came gzipped, within the limits above. */
export async function receiveBody(request: IncomingMessage): Promise<ReceivedBody> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) throw tooLong();
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'gzip' && encoding !== 'identity') {
    throw new PlainError(`Content-Encoding [${encoding}] is not supported`, 415);
  }
  const chunks: Buffer[] = [];
  let length = 0;
  let released = false;
  const release = (): void => {
    if (!released) bytesInFlight -= length;
    released = true;
  };
  try {
    for await (const chunk of encoding === 'gzip' ? request.pipe(createGunzip()) : request) {
      length += (chunk as Buffer).length;
      bytesInFlight += (chunk as Buffer).length;
      if (length > MAX_BODY_BYTES) throw tooLong();
      if (bytesInFlight > MAX_BYTES_IN_FLIGHT) {
        throw new ElasticsearchError('circuit_breaking_exception', '[in_flight_requests] Data too large', 429, {
          bytes_wanted: bytesInFlight,
          bytes_limit: MAX_BYTES_IN_FLIGHT,
          durability: 'TRANSIENT',
        });
      }
      chunks.push(chunk as Buffer);
    }
  } catch (error) {
    release();
    const { code, message } = error as { code?: unknown; message?: unknown };
    if (String(code).startsWith('Z_')) throw illegalArgument(`the body is not gzip: ${String(message)}`);
    throw error;
  }
  const bytes = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, length);
  if (length > 0) checkMediaType(request.headers['content-type'], request.headers.accept);
  return { bytes, release };
}

const asksForVersion = (header: string | undefined): boolean => header?.includes('compatible-with=') ?? false;

function checkMediaType(header: string | undefined, accept: string | undefined): void {
  const type = (header ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (!MEDIA_TYPES.test(type)) throw new PlainError(`Content-Type header [${header ?? ''}] is not supported`, 406);
  if (asksForVersion(header) === asksForVersion(accept)) return;
  throw new ElasticsearchError(
    'media_type_header_exception',
    'Invalid media-type value on headers [Content-Type, Accept]',
    400,
    undefined,
    {
      type: 'status_exception',
      reason:
        'A compatible version is required on both Content-Type and Accept headers if either one has requested a ' +
        `compatible version. Accept=${accept ?? 'null'}, Content-Type=${header ?? 'null'}`,
    },
  );
}
