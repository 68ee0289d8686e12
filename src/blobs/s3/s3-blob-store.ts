import { createHash } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { SnapkeepError } from '../../contracts/errors';
import { assertBlobKeys, assertBlobPrefix, isBlobKey } from '../contract/blob-key';
import { type BlobCallOptions, type BlobInfo, type BlobStore } from '../contract/blob-store';
import { HttpTransport } from '../http/http-transport';
import { DEFAULT_REQUEST_TIMES, type RequestTimes } from '../http/request-clock';
import { createS3Client } from './s3-client';
import { s3Failure } from './s3-errors';
import { type S3Call, type SendOptions } from './s3-handler';
import { type S3Secrets, type S3Settings } from './s3-settings';

/** Maximum that S3 lists in one page and deletes in one request. */
const PAGE = 1000;
/** Bytes from which on an object is sent in parts, and of one part; S3 takes no part below 5 MiB but the last. */
const PART_BYTES = 64 * 1024 * 1024;

/** Options of one call. */
type CallOptions = BlobCallOptions & { readonly maxBytes?: number };

/** Sends one command; the options are those of the SDK's `send`. */
type Send<T> = (options: SendOptions) => Promise<T>;

/**
 * Stores objects in a bucket of Amazon S3, or of a store with its interface, under a base path.
 *
 * Every put carries a Content-MD5, which the store checks. putIfAbsent sends `If-None-Match: *`, with the object or, if
 * it is sent in parts, with the request that completes it. That a store honours the condition shows the verification of
 * a repository, which puts twice.
 */
export class S3BlobStore implements BlobStore {
  readonly description: string;
  readonly #bucket: string;
  readonly #base: string;
  readonly #partBytes: number;
  /** What every new object gets. */
  readonly #kept: { ServerSideEncryption?: 'AES256'; StorageClass?: S3Settings['storageClass'] };
  readonly #transport: HttpTransport;
  /** Holds the secrets. Private by `#`, because printing the store must not print them. */
  readonly #client: S3Client;

  /** @param options.partBytes see {@link PART_BYTES}. */
  constructor(
    settings: Omit<S3Settings, 'type'>,
    secrets: S3Secrets,
    options: { times?: Partial<RequestTimes>; partBytes?: number } = {},
  ) {
    this.#bucket = settings.bucket;
    this.#base = settings.basePath === '' ? '' : `${settings.basePath}/`;
    this.#partBytes = options.partBytes ?? PART_BYTES;
    this.#kept = {
      ...(settings.serverSideEncryption ? { ServerSideEncryption: 'AES256' } : {}),
      ...(settings.storageClass === undefined ? {} : { StorageClass: settings.storageClass }),
    };
    this.#transport = new HttpTransport({ ...DEFAULT_REQUEST_TIMES, ...options.times });
    this.#client = createS3Client(settings, secrets, this.#transport);
    this.description = `s3://${settings.bucket}/${settings.basePath}`;
  }

  async put(key: string, body: Buffer, options: BlobCallOptions = {}): Promise<void> {
    await this.write(key, body, {}, options);
  }

  async putIfAbsent(key: string, body: Buffer, options: BlobCallOptions = {}): Promise<void> {
    await this.write(key, body, { IfNoneMatch: '*' }, options);
  }

  async get(key: string, options: CallOptions = {}): Promise<Buffer> {
    assertBlobKeys(key);
    return this.call(`read object [${key}]`, options, async (sdk) => {
      const { Body } = await this.#client.send(new GetObjectCommand(this.named(key)), sdk);
      // The handler has read it whole already.
      (Body as { destroy?: () => void } | undefined)?.destroy?.();
      return sdk.call.body ?? Buffer.alloc(0);
    });
  }

  async *list(prefix: string, options: BlobCallOptions & { after?: string } = {}): AsyncGenerator<BlobInfo> {
    assertBlobPrefix(prefix);
    let token: string | undefined;
    do {
      const query = {
        Bucket: this.#bucket,
        Prefix: this.#base + prefix,
        MaxKeys: PAGE,
        ...(token === undefined ? {} : { ContinuationToken: token }),
        ...(token === undefined && options.after !== undefined ? { StartAfter: this.#base + options.after } : {}),
      };
      const page = await this.call('list objects', options, async (sdk) => {
        const answer = await this.#client.send(new ListObjectsV2Command(query), sdk);
        if (answer.IsTruncated === undefined) throw unreadable('a listing', this.description);
        return answer;
      });
      for (const { Key = '', Size = 0 } of page.Contents ?? []) {
        const key = Key.slice(this.#base.length);
        if (isBlobKey(key)) yield { key, length: Size };
      }
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  async delete(keys: readonly string[], options: BlobCallOptions = {}): Promise<void> {
    assertBlobKeys(...keys);
    for (let at = 0; at < keys.length; at += PAGE) {
      const names = keys.slice(at, at + PAGE).map((key) => ({ Key: this.#base + key }));
      const command = new DeleteObjectsCommand({ Bucket: this.#bucket, Delete: { Objects: names, Quiet: true } });
      const { Errors = [] } = await this.call('delete objects', options, (sdk) => this.#client.send(command, sdk));
      const left = Errors.filter(({ Code }) => Code !== 'NoSuchKey');
      if (left.length > 0) throw notDeleted(left.length, names.length, left[0]!.Code, this.description);
    }
  }

  async checkUsable(options: BlobCallOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    for await (const _ of this.list('', options)) break;
  }

  async close(): Promise<void> {
    this.#client.destroy();
    this.#transport.close();
  }

  private async write(
    key: string,
    body: Buffer,
    condition: { IfNoneMatch?: '*' },
    options: BlobCallOptions,
  ): Promise<void> {
    assertBlobKeys(key);
    if (body.length > this.#partBytes) return this.writeParts(key, body, condition, options);
    const input = { ...this.named(key), ...this.#kept, ...condition, Body: body, ContentMD5: md5Base64(body) };
    const { ETag } = await this.call(`write object [${key}]`, options, (sdk) =>
      this.#client.send(new PutObjectCommand(input), sdk),
    );
    if (ETag === undefined) throw unreadable(`the write of object [${key}]`, this.description);
  }

  /** Sends the object in parts, one after the other. Gives up the upload when a part fails, so that none stays. */
  private async writeParts(
    key: string,
    body: Buffer,
    condition: { IfNoneMatch?: '*' },
    options: BlobCallOptions,
  ): Promise<void> {
    const send = <T>(work: Send<T>): Promise<T> => this.call(`write object [${key}]`, options, work);
    const begun = await send((sdk) =>
      this.#client.send(new CreateMultipartUploadCommand({ ...this.named(key), ...this.#kept }), sdk),
    );
    const upload = { ...this.named(key), UploadId: begun.UploadId };
    try {
      const Parts: { ETag?: string; PartNumber: number }[] = [];
      for (let at = 0; at < body.length; at += this.#partBytes) {
        const Body = body.subarray(at, at + this.#partBytes);
        const PartNumber = Parts.length + 1;
        const part = new UploadPartCommand({ ...upload, PartNumber, Body, ContentMD5: md5Base64(Body) });
        const { ETag } = await send((sdk) => this.#client.send(part, sdk));
        Parts.push({ ETag, PartNumber });
      }
      const completing = new CompleteMultipartUploadCommand({ ...upload, ...condition, MultipartUpload: { Parts } });
      const { ETag } = await send((sdk) => this.#client.send(completing, sdk));
      if (ETag === undefined) throw unreadable(`the write of object [${key}]`, this.description);
    } catch (error) {
      // Without the signal of the call, which may be the reason.
      const abort = new AbortMultipartUploadCommand(upload);
      await this.call('give up an upload', {}, (sdk) => this.#client.send(abort, sdk)).catch(() => undefined);
      throw error;
    }
  }

  private named(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.#bucket, Key: this.#base + key };
  }

  private async call<T>(doing: string, { signal, maxBytes }: CallOptions, work: Send<T>): Promise<T> {
    signal?.throwIfAborted();
    const call: S3Call = { http: { signal, maxBytes } };
    try {
      return await work({ call });
    } catch (error) {
      throw s3Failure(error, call, doing, this.description);
    }
  }
}

function md5Base64(body: Buffer): string {
  return createHash('md5').update(body).digest('base64');
}

function unreadable(what: string, where: string): SnapkeepError {
  return new SnapkeepError('store_integrity', `the answer to ${what} in [${where}] cannot be read`);
}

function notDeleted(left: number, all: number, code: string | undefined, where: string): SnapkeepError {
  const denied = code === 'AccessDenied';
  return new SnapkeepError(
    denied ? 'store_access_denied' : 'store_unavailable',
    `${left} of ${all} objects of [${where}] were not deleted: ${code ?? 'no reason'}`,
  );
}
