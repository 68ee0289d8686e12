import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Crc64 } from '../crc64';
import { OssError } from '../oss-error';
import { encodeMeta, type ObjectMeta } from './object-file';

/** Handed to the file system at a time. While one batch is written the next is received: 2 MiB a request at most. */
const BATCH_BYTES = 1024 * 1024;

/** What a body must be, and what becomes of it. */
export interface BodyRules {
  readonly maxBytes: number;
  /** Content-MD5 as the client sent it, base64. */
  readonly contentMd5?: string;
}

/** A file that is whole and on disk, but has no name yet by which anybody would find it. */
export interface WrittenObject {
  readonly path: string;
  readonly meta: ObjectMeta;
}

/**
 * Streams a body into a new file in `folder` and syncs it; `describe` completes the metadata once the sums are known.
 * If anything fails no file is left.
 *
 * @throws EntityTooLarge, InvalidDigest (Content-MD5 is no MD5), BadDigest (it is another one), the body's own error.
 */
export async function writeObjectFile(
  folder: string,
  body: AsyncIterable<Buffer>,
  rules: BodyRules,
  describe: (sums: { size: number; md5: Buffer; crc64: string }) => ObjectMeta,
): Promise<WrittenObject> {
  assertMd5Form(rules.contentMd5);
  const path = join(folder, randomUUID());
  const file = await open(path, 'wx', 0o640);
  try {
    const batches = new BatchWriter(file);
    const md5 = createHash('md5');
    const crc = new Crc64();
    let size = 0;
    for await (const chunk of body) {
      size += chunk.length;
      if (size > rules.maxBytes) throw new OssError('EntityTooLarge');
      md5.update(chunk);
      crc.update(chunk);
      await batches.add(chunk);
    }
    const digest = md5.digest();
    if (rules.contentMd5 !== undefined && digest.toString('base64') !== rules.contentMd5) {
      throw new OssError('BadDigest');
    }
    const meta = describe({ size, md5: digest, crc64: crc.digest() });
    await batches.add(encodeMeta(meta));
    await batches.finish();
    await file.datasync();
    await file.close();
    return { path, meta };
  } catch (error) {
    await file.close().catch(() => undefined);
    await unlink(path).catch(() => undefined);
    throw error;
  }
}

/** Prints an MD5 as ETag. */
export function etagOf(md5: Buffer): string {
  return md5.toString('hex').toUpperCase();
}

function assertMd5Form(contentMd5: string | undefined): void {
  if (contentMd5 === undefined) return;
  const bytes = Buffer.from(contentMd5, 'base64');
  if (bytes.length !== 16 || bytes.toString('base64') !== contentMd5) throw new OssError('InvalidDigest');
}

/** Gathers chunks and writes one batch while the next is filled. */
class BatchWriter {
  private chunks: Buffer[] = [];
  private bytes = 0;
  private position = 0;
  private writing: Promise<void> = Promise.resolve();

  constructor(private readonly file: FileHandle) {}

  async add(chunk: Buffer): Promise<void> {
    this.chunks.push(chunk);
    this.bytes += chunk.length;
    if (this.bytes >= BATCH_BYTES) await this.flush();
  }

  async finish(): Promise<void> {
    await this.flush();
    await this.writing;
  }

  private async flush(): Promise<void> {
    await this.writing;
    const { chunks, bytes, position } = this;
    this.chunks = [];
    this.bytes = 0;
    this.position += bytes;
    this.writing = this.write(chunks, bytes, position);
    // Whoever waits next sees the failure; without this it would be an unhandled rejection until then.
    this.writing.catch(() => undefined);
  }

  private async write(chunks: Buffer[], bytes: number, position: number): Promise<void> {
    const { bytesWritten } = await this.file.writev(chunks, position);
    if (bytesWritten === bytes) return;
    const rest = Buffer.concat(chunks).subarray(bytesWritten);
    for (let done = 0; done < rest.length;) {
      done += (await this.file.write(rest, done, rest.length - done, position + bytesWritten + done)).bytesWritten;
    }
  }
}
