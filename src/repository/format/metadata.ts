/** Metadata objects: JSON, gzip-compressed where the repository compresses, checked before they are used. */
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

/** The reference of an object with these bytes. */
export function referenceTo(key: string, bytes: Buffer): ObjectRef {
  return { key, length: bytes.length, sha256: sha256(bytes) };
}

/** Throws `repository_corrupt` unless the bytes are those the reference was made for. */
export function checkBytes(ref: ObjectRef, bytes: Buffer): void {
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

/** The object's bytes, checked. Throws `blob_missing`, `repository_corrupt`, and what the store throws. */
export async function getChecked(store: BlobStore, ref: ObjectRef, options: BlobCallOptions = {}): Promise<Buffer> {
  let bytes: Buffer;
  try {
    bytes = await store.get(ref.key, { ...options, maxBytes: ref.length });
  } catch (error) {
    // A longer object is damage, too; the store calls it too long to be read at once.
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

/** Writes `value` under `name` plus the ending that says whether it is compressed. */
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

/** Throws `internal` if no reader would take the object: what can't be read must not be committed. */
export function checkReadable(what: string, value: object, schema: z.ZodType): void {
  const parsed = schema.safeParse(value);
  if (parsed.success) return;
  const issue = parsed.error.issues[0];
  throw new SnapkeepError('internal', `${what} could not be read back: [${issue.path.join('.')}]: ${issue.message}`);
}

/** Reads what {@link putMetadata} wrote. Throws as {@link getChecked} and {@link parseMetadata} do. */
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
    const what = isLong ? `unpacks to more than ${METADATA_MAX_BYTES} bytes` : 'is no gzip file';
    throw new SnapkeepError('repository_corrupt', `object [${ref.key}] ${what}`, { cause });
  }
  return parseMetadata(ref.key, json, schema);
}

/** Throws `repository_corrupt` if the bytes are not what `schema` asks for, or of a version this release can't read. */
export function parseMetadata<T>(key: string, json: Buffer, schema: z.ZodType<T>): T {
  checkValues(key, json);
  let value: unknown;
  try {
    value = JSON.parse(json.toString('utf8'));
  } catch (cause) {
    throw new SnapkeepError('repository_corrupt', `object [${key}] is no JSON`, { cause });
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
  const issue = parsed.error.issues[0];
  const field = issue.path.join('.');
  throw new SnapkeepError(
    'repository_corrupt',
    `object [${key}] has not the form it should: [${field}]: ${issue.message}`,
    { details: { key, field } },
  );
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
