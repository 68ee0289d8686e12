/** Reads and writes metadata objects: JSON, gzip-compressed if the repository compresses, checked before it is used. */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { type z } from 'zod';
import { type BlobCallOptions, type BlobStore } from '../../blobs/contract/blob-store';
import { SnapkeepError } from '../../contracts/errors';
import { type ObjectRef } from '../../contracts/stored';
import { checkValues } from './check-text';
import { FORMAT_VERSION } from './format';
import { METADATA_MAX_BYTES } from './limits';

const compressed = promisify(gzip);
const decompressed = promisify(gunzip);

/** Returns the reference of an object with these bytes. */
export function referenceTo(key: string, bytes: Buffer): ObjectRef {
  return { key, length: bytes.length, sha256: sha256(bytes) };
}

/** Throws `repository_corrupt` unless the bytes are those that the reference was made for. */
function checkBytes(ref: ObjectRef, bytes: Buffer): void {
  const found = bytes.length === ref.length ? sha256(bytes) : `${bytes.length} bytes`;
  if (found === ref.sha256) return;
  throw new SnapkeepError(
    'repository_corrupt',
    `object [${ref.key}] is damaged: its length or SHA-256 is not what its manifest says`,
    {
      details: { key: ref.key, expected: `${ref.length} bytes, ${ref.sha256}`, got: found },
    },
  );
}

/** Reads an object and checks its bytes. Throws `blob_missing`, `repository_corrupt`, and what the store throws. */
export async function getChecked(store: BlobStore, ref: ObjectRef, options: BlobCallOptions = {}): Promise<Buffer> {
  let bytes: Buffer;
  try {
    bytes = await store.get(ref.key, { ...options, maxBytes: ref.length });
  } catch (error) {
    // A longer object is damaged, too; the store refuses to read it as too long.
    if (!(error instanceof SnapkeepError) || error.code !== 'store_rejected') throw error;
    throw new SnapkeepError(
      'repository_corrupt',
      `object [${ref.key}] can't be read as its manifest says: ${error.message}`,
      {
        cause: error,
      },
    );
  }
  checkBytes(ref, bytes);
  return bytes;
}

/** Writes `value` under `name` plus the ending for compression. Throws `internal` if it is too large to be read. */
export async function putMetadata(
  store: BlobStore,
  name: string,
  value: object,
  options: BlobCallOptions & { compress: boolean },
): Promise<ObjectRef> {
  const json = Buffer.from(JSON.stringify(value));
  if (json.length > METADATA_MAX_BYTES) {
    throw new SnapkeepError(
      'internal',
      `[${name}] would have ${json.length} bytes, more than the ${METADATA_MAX_BYTES} of one metadata object`,
    );
  }
  const body = options.compress ? await compressed(json) : json;
  const key = options.compress ? `${name}.gz` : name;
  await store.put(key, body, { signal: options.signal });
  return referenceTo(key, body);
}

/** Throws `internal` if readers would refuse the object, because an unreadable object must not be committed. */
export function checkReadable(what: string, value: object, schema: z.ZodType): void {
  const parsed = schema.safeParse(value);
  if (parsed.success) return;
  const { field, message } = firstIssue(parsed.error);
  throw new SnapkeepError('internal', `${what} could not be read back: [${field}]: ${message}`);
}

/** Reads an object that {@link putMetadata} wrote. Throws as {@link getChecked} and {@link parseMetadata} do. */
export async function getMetadata<T>(
  store: BlobStore,
  ref: ObjectRef,
  schema: z.ZodType<T>,
  options: BlobCallOptions = {},
): Promise<T> {
  const bytes = await getChecked(store, ref, options);
  if (!ref.key.endsWith('.gz')) return parseMetadata(ref.key, bytes, schema);
  let json: Buffer;
  try {
    json = await decompressed(bytes, { maxOutputLength: METADATA_MAX_BYTES });
  } catch (cause) {
    const isLong = (cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    const what = isLong ? `unpacks to more than ${METADATA_MAX_BYTES} bytes` : 'is not a gzip file';
    throw new SnapkeepError('repository_corrupt', `object [${ref.key}] ${what}`, { cause });
  }
  return parseMetadata(ref.key, json, schema);
}

/**
 * Parses and checks JSON. Throws `repository_corrupt` if `schema` refuses it, or its version is newer than this
 * release.
 */
export function parseMetadata<T>(key: string, json: Buffer, schema: z.ZodType<T>): T {
  checkValues(key, json);
  let value: unknown;
  try {
    value = JSON.parse(json.toString('utf8'));
  } catch (cause) {
    throw new SnapkeepError('repository_corrupt', `object [${key}] is not JSON`, { cause });
  }
  const version = (value as { format?: unknown } | null)?.format;
  if (typeof version === 'number' && version > FORMAT_VERSION) {
    throw new SnapkeepError(
      'repository_corrupt',
      `object [${key}] has format version [${version}]; this release reads versions up to [${FORMAT_VERSION}]: use a newer one`,
    );
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { field, message } = firstIssue(parsed.error);
  throw new SnapkeepError(
    'repository_corrupt',
    `object [${key}] does not have the expected form: [${field}]: ${message}`,
    {
      details: { key, field },
    },
  );
}

function firstIssue(error: z.ZodError): { field: string; message: string } {
  const [issue] = error.issues;
  return { field: issue?.path.join('.') ?? '', message: issue?.message ?? error.message };
}

/** Returns the SHA-256 of the bytes, in lower-case hex. */
export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
