import { type Readable } from 'node:stream';
import { createGunzip, createInflate } from 'node:zlib';
import { type Request } from 'express';
import { parse as parseYaml } from 'yaml';
import { SnapkeepError } from '../../contracts/errors';
import { findValue, textOf } from '../../documents/scan-json';
import { decodeCbor } from '../../elasticsearch/cbor';

/** Bytes of the largest body that is accepted. Requests that are passed on to the cluster have no limit here. */
const MAX_BYTES = 1024 * 1024;
/** Ms within which the whole body must arrive, even when it arrives steadily. */
const MAX_MS = 60_000;
/** Stands for the body of a request without one: an empty object. */
const NO_BODY = Buffer.from('{}');

const KNOWN_TYPE = /^application\/(?:vnd\.(?:elasticsearch|opensearch)\+)?(json|yaml|cbor)\b/i;
const OTHER_FORMAT = /yaml|cbor|smile|x-ndjson|msgpack/i;

/** A request body that is an object, in JSON or a format that says the same. */
export class JsonBody {
  private constructor(
    private readonly bytes: Buffer,
    readonly members: ReadonlyMap<string, unknown>,
  ) {}

  /** True if the request had no body. */
  get isMissing(): boolean {
    return this.bytes === NO_BODY;
  }

  /** Returns the JSON text of a member, byte for byte as it was sent; undefined when the member is missing. */
  raw(name: string): string | undefined {
    const span = findValue(this.bytes, [name]);
    return span === undefined ? undefined : textOf(this.bytes, span);
  }

  /**
   * Reads and parses the body. An empty body counts as an empty object. Throws `content_too_long_exception` when the
   * body is larger than 1 MB, `request_timeout` when it arrives too slowly, `media_type_header_exception` when it has
   * a format that can't be read, and `illegal_argument_exception` when its encoding is unknown. Throws
   * `x_content_parse_exception` when it is not what its type says, and `parse_exception` when it cannot be read or is
   * not an object.
   */
  static async read(request: Request): Promise<JsonBody> {
    const bytes = await readAll(request);
    if (bytes.toString('latin1').trim() === '') return new JsonBody(NO_BODY, new Map());
    return JsonBody.parse(bytes, formatOf(request));
  }

  /** Parses a body. Throws `x_content_parse_exception` when it is not of the format, `parse_exception` if no object. */
  static parse(bytes: Buffer, format: keyof typeof FORMATS = 'json'): JsonBody {
    let value: unknown;
    try {
      value = FORMATS[format](bytes) ?? {};
    } catch (error) {
      throw new SnapkeepError(
        'x_content_parse_exception',
        `Failed to parse the request body as ${format.toUpperCase()}: ${(error as Error).message}`,
      );
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new SnapkeepError('parse_exception', 'Failed to parse the request body: an object is expected');
    }
    // Members are taken out of the text of JSON.
    const text = format === 'json' ? bytes : Buffer.from(JSON.stringify(value));
    return new JsonBody(text, new Map(Object.entries(value)));
  }
}

const FORMATS = {
  json: (bytes: Buffer): unknown => {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    // The other formats have null for an empty body, JSON does not.
    return value === null ? [] : value;
  },
  yaml: (bytes: Buffer): unknown => parseYaml(bytes.toString('utf8'), { logLevel: 'error' }) as unknown,
  cbor: decodeCbor,
};

/**
 * Returns the format of the body. Unknown types count as JSON, because tools send JSON under many types. The call guard
 * has already refused the types that a web page can send. Throws `media_type_header_exception` for other formats.
 */
function formatOf(request: Request): keyof typeof FORMATS {
  const type = request.headers['content-type'] ?? '';
  const known = KNOWN_TYPE.exec(type)?.[1]?.toLowerCase() as keyof typeof FORMATS | undefined;
  if (known !== undefined) return known;
  if (!OTHER_FORMAT.test(type)) return 'json';
  throw new SnapkeepError(
    'media_type_header_exception',
    `Content-Type header [${type}] is not supported; send [application/json]`,
  );
}

async function readAll(request: Request): Promise<Buffer> {
  const stream = decoded(request);
  const chunks: Buffer[] = [];
  let length = 0;
  const deadline = Date.now() + MAX_MS;
  try {
    // The request must not be destroyed: that would close its connection before the answer is sent.
    for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > MAX_BYTES) {
        throw new SnapkeepError(
          'content_too_long_exception',
          `the request body is larger than ${MAX_BYTES} bytes, the most this request takes`,
        );
      }
      if (Date.now() > deadline) {
        throw new SnapkeepError('request_timeout', `the request body did not come within [${MAX_MS}ms]`);
      }
      chunks.push(chunk);
    }
  } catch (error) {
    if (stream !== request) stream.destroy();
    if (error instanceof SnapkeepError) throw error;
    throw new SnapkeepError('parse_exception', `the request body can't be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return Buffer.concat(chunks);
}

function decoded(request: Request): Readable {
  const encoding = (request.headers['content-encoding'] ?? 'identity').toLowerCase();
  if (encoding === 'identity') return request;
  const decoder = encoding === 'gzip' ? createGunzip() : encoding === 'deflate' ? createInflate() : undefined;
  if (decoder === undefined) {
    throw new SnapkeepError('illegal_argument_exception', `Content-Encoding [${encoding}] is not supported`);
  }
  request.on('error', (error) => decoder.destroy(error));
  return request.pipe(decoder);
}
