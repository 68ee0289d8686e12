import { type FileHandle, open } from 'node:fs/promises';

/**
 * One object is one file: the body, then its metadata as JSON, then a trailer of 12 bytes: the length of the metadata
 * (uint32, big-endian) and a magic word. Body and metadata therefore come and go together.
 */
export interface ObjectMeta {
  readonly key: string;
  /** Bytes of the body. */
  readonly size: number;
  /** Without quotes: the MD5 in upper-case hex, for an object in parts followed by `-<parts>`. */
  readonly etag: string;
  /** MD5 of the body, base64; unset for an object made of parts. */
  readonly md5?: string;
  /** CRC-64/XZ of the body, decimal. */
  readonly crc64: string;
  readonly type: 'Normal' | 'Multipart';
  readonly storageClass: string;
  /** Milliseconds since 1970. */
  readonly modified: number;
  /** What comes back with a GET: Content-Type, x-oss-meta-… */
  readonly headers: Readonly<Record<string, string>>;
}

const MAGIC = Buffer.from('SNAPOSS1', 'latin1');
const TRAILER_BYTES = 4 + MAGIC.length;
/** Read at first from the end of a file: enough for almost every object's metadata. */
const TAIL_BYTES = 4096;

/** Encodes metadata and trailer, to be written behind the body. */
export function encodeMeta(meta: ObjectMeta): Buffer {
  const json = Buffer.from(JSON.stringify(meta), 'utf8');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(json.length);
  return Buffer.concat([json, length, MAGIC]);
}

/** An object's file, opened: the same body and metadata until it is closed, whatever is put or deleted meanwhile. */
export interface OpenObject {
  readonly file: FileHandle;
  readonly meta: ObjectMeta;
}

/** Opens an object's file; undefined if there is none. Throws if it is not whole. The caller closes it. */
export async function openObjectFile(path: string): Promise<OpenObject | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return { file, meta: await readMeta(file, path) };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Reads the metadata of an object's file; undefined if there is none. */
export async function readObjectMeta(path: string): Promise<ObjectMeta | undefined> {
  const found = await openObjectFile(path);
  await found?.file.close();
  return found?.meta;
}

async function readMeta(file: FileHandle, path: string): Promise<ObjectMeta> {
  const { size } = await file.stat();
  let tail = await readTail(file, size, TAIL_BYTES);
  if (tail.length < TRAILER_BYTES || !tail.subarray(-MAGIC.length).equals(MAGIC)) throw damaged(path);
  const metaBytes = tail.readUInt32BE(tail.length - TRAILER_BYTES) + TRAILER_BYTES;
  if (metaBytes > tail.length) tail = await readTail(file, size, metaBytes);
  const meta = JSON.parse(tail.toString('utf8', tail.length - metaBytes, tail.length - TRAILER_BYTES)) as ObjectMeta;
  if (meta.size + metaBytes !== size) throw damaged(path);
  return meta;
}

async function readTail(file: FileHandle, size: number, wanted: number): Promise<Buffer> {
  const tail = Buffer.alloc(Math.min(size, wanted));
  await file.read(tail, 0, tail.length, size - tail.length);
  return tail;
}

function damaged(path: string): Error {
  return new Error(`${path} is no whole object`);
}
