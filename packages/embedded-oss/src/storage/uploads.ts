import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ByteString, fromBytes, toBytes } from '../byte-string';
import { OssError } from '../oss-error';
import { type Bucket } from './bucket';
import { type ObjectMeta, type OpenObject, openObjectFile, readObjectMeta } from './object-file';
import { type BodyRules, etagOf, writeObjectFile } from './object-writer';

/** An upload in parts that is under way. */
export interface Upload {
  readonly id: string;
  readonly key: ByteString;
  /** Milliseconds since 1970. */
  readonly initiated: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly storageClass: string;
}

interface Part {
  readonly number: number;
  readonly meta: ObjectMeta;
}

export const MAX_PART_NUMBER = 10_000;
/** Every part but the last is at least this long. */
const MIN_PART_BYTES = 100 * 1024;

/** Keeps uploads in parts of one bucket: a folder each, with `upload.json` and one object file per part. */
export class Uploads {
  constructor(private readonly bucket: Bucket) {}

  async create(key: ByteString, headers: Readonly<Record<string, string>>, storageClass?: string): Promise<Upload> {
    const id = randomUUID().replaceAll('-', '').toUpperCase();
    const upload = { id, key, initiated: Date.now(), headers, storageClass: storageClass ?? this.bucket.storageClass };
    // Made whole elsewhere, then renamed: a folder without its upload.json is never seen.
    const temporary = join(this.bucket.temporary, id);
    await mkdir(temporary);
    await writeFile(join(temporary, 'upload.json'), JSON.stringify({ ...upload, key: fromBytes(key) }), {
      flush: true,
    });
    await rename(temporary, this.folder(id));
    return upload;
  }

  /** The upload of that id for that key. Throws NoSuchUpload. */
  async get(id: string, key: ByteString): Promise<Upload> {
    const upload = await this.read(id);
    if (upload?.key !== key) throw new OssError('NoSuchUpload', undefined, { UploadId: id });
    return upload;
  }

  /** All uploads, by key and then id. */
  async list(): Promise<Upload[]> {
    const uploads: Upload[] = [];
    for (const id of await readdir(this.bucket.uploads)) {
      const upload = await this.read(id);
      if (upload !== undefined) uploads.push(upload);
    }
    return uploads.sort((a, b) => (a.key < b.key || (a.key === b.key && a.id < b.id) ? -1 : 1));
  }

  /** Writes a part, replacing one of the same number. */
  async putPart(upload: Upload, number: number, body: AsyncIterable<Buffer>, rules: BodyRules): Promise<ObjectMeta> {
    const written = await writeObjectFile(this.bucket.temporary, body, rules, ({ size, md5, crc64 }) => ({
      key: fromBytes(upload.key),
      size,
      etag: etagOf(md5),
      md5: md5.toString('base64'),
      crc64,
      type: 'Normal',
      storageClass: upload.storageClass,
      modified: Date.now(),
      headers: {},
    }));
    try {
      await rename(written.path, this.partPath(upload, number));
    } catch (error) {
      await rm(written.path, { force: true });
      // Aborted or completed meanwhile.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new OssError('NoSuchUpload');
      throw error;
    }
    return written.meta;
  }

  /** The parts uploaded so far, by number. */
  async parts(upload: Upload): Promise<Part[]> {
    const parts: Part[] = [];
    for (const name of (await readdir(this.folder(upload.id))).sort()) {
      const number = Number(/^part-(\d{5})$/.exec(name)?.[1] ?? NaN);
      const meta = Number.isNaN(number) ? undefined : await readObjectMeta(this.partPath(upload, number));
      if (meta !== undefined) parts.push({ number, meta });
    }
    return parts;
  }

  /**
   * Makes the object of the named parts. Throws InvalidPart, InvalidPartOrder, EntityTooSmall, FileAlreadyExists.
   *
   * @param wanted part numbers and ETags in order; undefined: all parts there are.
   */
  async complete(
    upload: Upload,
    wanted: readonly { number: number; etag: string }[] | undefined,
    forbidOverwrite: boolean,
  ): Promise<ObjectMeta> {
    return this.bucket.lock.run(`upload/${upload.id}`, async () => {
      await this.get(upload.id, upload.key);
      const parts = choose(await this.parts(upload), wanted);
      this.bucket.assertMayWrite(upload.key, forbidOverwrite);
      const sum = createHash('md5');
      for (const { meta } of parts) sum.update(Buffer.from(meta.etag, 'hex'));
      const etag = `${etagOf(sum.digest())}-${parts.length}`;
      const written = await writeObjectFile(
        this.bucket.temporary,
        this.joined(upload, parts),
        { maxBytes: Infinity },
        ({ size, crc64 }) => ({
          key: fromBytes(upload.key),
          size,
          etag,
          crc64,
          type: 'Multipart',
          storageClass: upload.storageClass,
          modified: Date.now(),
          headers: upload.headers,
        }),
      );
      await this.bucket.place(upload.key, written, forbidOverwrite);
      await this.remove(upload);
      return written.meta;
    });
  }

  async abort(upload: Upload): Promise<void> {
    await this.bucket.lock.run(`upload/${upload.id}`, () => this.remove(upload));
  }

  private async remove(upload: Upload): Promise<void> {
    // Renamed first: a folder that is half deleted is never seen.
    const grave = join(this.bucket.temporary, `${upload.id}-removed`);
    await rename(this.folder(upload.id), grave).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    });
    await rm(grave, { recursive: true, force: true });
  }

  private async *joined(upload: Upload, parts: readonly Part[]): AsyncGenerator<Buffer> {
    for (const { number, meta } of parts) {
      const part: OpenObject | undefined = await openObjectFile(this.partPath(upload, number));
      if (part?.meta.etag !== meta.etag) throw new OssError('InvalidPart');
      try {
        if (meta.size === 0) continue;
        const stream = part.file.createReadStream({ start: 0, end: meta.size - 1, autoClose: false, emitClose: false });
        yield* stream as AsyncIterable<Buffer>;
      } finally {
        await part.file.close();
      }
    }
  }

  private async read(id: string): Promise<Upload | undefined> {
    if (!/^[0-9A-F]{32}$/.test(id)) return undefined;
    const json = await readFile(join(this.folder(id), 'upload.json'), 'utf8').catch(() => undefined);
    if (json === undefined) return undefined;
    const upload = JSON.parse(json) as Upload;
    return { ...upload, key: toBytes(upload.key) };
  }

  private folder(id: string): string {
    return join(this.bucket.uploads, id);
  }

  private partPath(upload: Upload, number: number): string {
    return join(this.folder(upload.id), `part-${String(number).padStart(5, '0')}`);
  }
}

function choose(parts: readonly Part[], wanted: readonly { number: number; etag: string }[] | undefined): Part[] {
  const byNumber = new Map(parts.map((part) => [part.number, part]));
  const chosen = (wanted ?? parts.map(({ number, meta }) => ({ number, etag: meta.etag }))).map(({ number, etag }) => {
    const part = byNumber.get(number);
    if (part?.meta.etag !== etag.replaceAll('"', '').toUpperCase()) throw new OssError('InvalidPart');
    return part;
  });
  if (chosen.length === 0) throw new OssError('InvalidPart');
  chosen.forEach((part, at) => {
    if (at > 0 && part.number <= chosen[at - 1]!.number) throw new OssError('InvalidPartOrder');
    if (at < chosen.length - 1 && part.meta.size < MIN_PART_BYTES) throw new OssError('EntityTooSmall');
  });
  return chosen;
}
