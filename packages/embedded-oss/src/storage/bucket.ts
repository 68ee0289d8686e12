import { type FileHandle, link, mkdir, open, readdir, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LRUCache } from 'lru-cache';
import { type ByteString, fromBytes, toBytes } from '../byte-string';
import { OssError } from '../oss-error';
import { fileNameOf, keyOf } from './file-name';
import { KeyIndex } from './key-index';
import { KeyLock } from './key-lock';
import { type ObjectMeta, type OpenObject, openObjectFile, readObjectMeta } from './object-file';
import { type BodyRules, etagOf, writeObjectFile, type WrittenObject } from './object-writer';

/** How a bucket is set up. */
export interface BucketOptions {
  readonly name: string;
  /** Default `Standard`; objects of the archive classes can be put and listed, but not read. */
  readonly storageClass?: string;
  /** As OSS does, a bucket with versioning on or suspended ignores `x-oss-forbid-overwrite`. No versions are kept. */
  readonly versioning?: 'Enabled' | 'Suspended';
}

/** Metadata held in memory for listings, per bucket. */
const CACHED_METAS = 50_000;

/**
 * Keeps one bucket: a folder `objects` with one file per object, and `temporary` for files being written, on the same
 * file system. An object gets its name by rename(2) or link(2) once it is whole and synced, so that a process killed at
 * any moment leaves whole objects only. The keys are held in memory.
 */
export class Bucket {
  readonly lock = new KeyLock();
  readonly temporary: string;
  readonly uploads: string;
  private readonly objects: string;
  private readonly metas = new LRUCache<ByteString, ObjectMeta>({ max: CACHED_METAS });

  private constructor(
    readonly options: BucketOptions,
    folder: string,
    readonly created: number,
    private readonly index: KeyIndex,
    private readonly objectsHandle: FileHandle,
  ) {
    this.objects = join(folder, 'objects');
    this.temporary = join(folder, 'temporary');
    this.uploads = join(folder, 'uploads');
  }

  /** Opens the bucket's folder, or makes it; removes what a killed process left half-written. */
  static async open(folder: string, options: BucketOptions): Promise<Bucket> {
    const objects = join(folder, 'objects');
    const temporary = join(folder, 'temporary');
    await rm(temporary, { recursive: true, force: true });
    for (const needed of [objects, temporary, join(folder, 'uploads')]) await mkdir(needed, { recursive: true });
    const created = await creationTime(folder);
    const keys = await readKeys(objects);
    return new Bucket(options, folder, created, new KeyIndex(keys), await open(objects, 'r'));
  }

  get name(): string {
    return this.options.name;
  }

  get storageClass(): string {
    return this.options.storageClass ?? 'Standard';
  }

  has(key: ByteString): boolean {
    return this.index.has(key);
  }

  /** The first key at or after `bound` ('' for the first of all). */
  firstKey(bound: ByteString, inclusive: boolean): ByteString | undefined {
    return inclusive ? this.index.atOrAfter(bound) : this.index.after(bound);
  }

  /**
   * Puts a body under a key.
   *
   * @throws FileAlreadyExists if `forbidOverwrite` and the key holds an object; whatever {@link writeObjectFile}
   * throws.
   */
  async put(
    key: ByteString,
    body: AsyncIterable<Buffer>,
    headers: Readonly<Record<string, string>>,
    rules: BodyRules & { forbidOverwrite: boolean; storageClass?: string },
  ): Promise<ObjectMeta> {
    this.assertMayWrite(key, rules.forbidOverwrite);
    const written = await writeObjectFile(this.temporary, body, rules, ({ size, md5, crc64 }) => ({
      key: fromBytes(key),
      size,
      etag: etagOf(md5),
      md5: md5.toString('base64'),
      crc64,
      type: 'Normal',
      storageClass: rules.storageClass ?? this.storageClass,
      modified: Date.now(),
      headers,
    }));
    await this.place(key, written, rules.forbidOverwrite);
    return written.meta;
  }

  /** Gives a whole object its name. Throws FileAlreadyExists, and removes the file then. */
  async place(key: ByteString, written: WrittenObject, forbidOverwrite: boolean): Promise<void> {
    const target = this.pathOf(key);
    await this.lock.run(key, async () => {
      try {
        if (forbidOverwrite && this.options.versioning === undefined) {
          await link(written.path, target);
          await unlink(written.path);
        } else {
          await rename(written.path, target);
        }
      } catch (error) {
        await unlink(written.path).catch(() => undefined);
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw new OssError('FileAlreadyExists');
        throw error;
      }
      await this.objectsHandle.sync();
      this.index.add(key);
      this.metas.set(key, written.meta);
    });
  }

  /** Early, to spare the client an upload in vain; {@link place} decides. */
  assertMayWrite(key: ByteString, forbidOverwrite: boolean): void {
    if (forbidOverwrite && this.options.versioning === undefined && this.has(key)) {
      throw new OssError('FileAlreadyExists');
    }
  }

  /** The object, opened for reading; the caller closes it. Throws NoSuchKey. */
  async openObject(key: ByteString): Promise<OpenObject> {
    const found = this.index.has(key) ? await openObjectFile(this.pathOf(key)) : undefined;
    if (found === undefined) throw new OssError('NoSuchKey', undefined, { Key: fromBytes(key) });
    return found;
  }

  /** The metadata of an object; undefined if it is gone. */
  async meta(key: ByteString): Promise<ObjectMeta | undefined> {
    const cached = this.metas.get(key);
    if (cached !== undefined) return cached;
    return this.lock.run(key, async () => {
      const meta = await readObjectMeta(this.pathOf(key));
      if (meta !== undefined) this.metas.set(key, meta);
      return meta;
    });
  }

  /** Deletes an object; none there is fine. */
  async delete(key: ByteString): Promise<void> {
    await this.lock.run(key, async () => {
      await unlink(this.pathOf(key)).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      });
      this.index.remove(key);
      this.metas.delete(key);
    });
  }

  async close(): Promise<void> {
    await this.objectsHandle.close();
  }

  private pathOf(key: ByteString): string {
    return join(this.objects, fileNameOf(key));
  }
}

async function readKeys(objects: string): Promise<ByteString[]> {
  const keys: ByteString[] = [];
  for (const name of await readdir(objects)) {
    const key = keyOf(name);
    if (key !== undefined) keys.push(key);
    else {
      const meta = await readObjectMeta(join(objects, name));
      if (meta !== undefined) keys.push(toBytes(meta.key));
    }
  }
  return keys;
}

async function creationTime(folder: string): Promise<number> {
  const path = join(folder, 'created');
  const written = Number(await readFile(path, 'utf8').catch(() => ''));
  if (written > 0) return written;
  const now = Date.now();
  await writeFile(path, `${now}\n`);
  return now;
}
