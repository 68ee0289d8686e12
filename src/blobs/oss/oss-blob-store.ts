import { SnapkeepError } from '../../contracts/errors';
import { assertBlobKeys, assertBlobPrefix, isBlobKey } from '../contract/blob-key';
import { type BlobCallOptions, type BlobInfo, type BlobStore } from '../contract/blob-store';
import { type HttpCall } from '../http/http-call';
import { HttpTransport } from '../http/http-transport';
import { DEFAULT_REQUEST_TIMES, type RequestTimes } from '../http/request-clock';
import { assertBucketUsable } from './check-bucket';
import { TemporaryCredentials } from './environment-credentials';
import { createOssClient, type OssClient } from './oss-client';
import { type OssAddress, readOssEndpoint } from './oss-endpoint';
import { ossFailure } from './oss-errors';
import { type OssSecrets, type OssSettings } from './oss-settings';
import { assertMd5, md5Base64 } from './verify-body';

/** Maximum that OSS lists in one page and deletes in one request. */
const PAGE = 1000;

const MIME = 'application/octet-stream';

/**
 * Stores objects in a bucket of Alibaba Cloud OSS, under a base path, through ali-oss.
 *
 * Every put carries a Content-MD5, which OSS checks. Every object read is compared with the MD5 that OSS sends with it.
 * putIfAbsent sends `x-oss-forbid-overwrite: true`. Requests are signed with V4 if the region is known, else with V1.
 */
export class OssBlobStore implements BlobStore {
  readonly description: string;
  readonly #bucket: string;
  readonly #base: string;
  readonly #readonly: boolean;
  readonly #transport: HttpTransport;
  readonly #address: OssAddress;
  /** Hands out keys; undefined if the repository has its own. */
  readonly #temporary: TemporaryCredentials | undefined;
  #secrets: OssSecrets | undefined;
  /** Holds the secrets. Private by `#`, because printing the store must not print them. */
  #client!: OssClient;

  /**
   * Throws `repository_settings_invalid` when the endpoint, bucket name, base path or a key is malformed.
   *
   * @param options.readonly makes `checkUsable` accept a bucket with versioning.
   */
  constructor(
    settings: Omit<OssSettings, 'type'>,
    secrets: OssSecrets | TemporaryCredentials,
    options: { readonly?: boolean; times?: Partial<RequestTimes> } = {},
  ) {
    if (settings.basePath !== '' && !settings.basePath.split('/').every(isPathPart)) {
      throw new SnapkeepError('repository_settings_invalid', `[${settings.basePath}] is no base path`);
    }
    this.#bucket = settings.bucket;
    this.#base = settings.basePath === '' ? '' : `${settings.basePath}/`;
    this.#readonly = options.readonly ?? false;
    this.#transport = new HttpTransport({ ...DEFAULT_REQUEST_TIMES, ...options.times });
    this.#address = readOssEndpoint(settings.endpoint, settings.region);
    this.#temporary = secrets instanceof TemporaryCredentials ? secrets : undefined;
    if (!(secrets instanceof TemporaryCredentials)) this.useSecrets(secrets);
    this.description = `oss://${settings.bucket}/${settings.basePath}`;
  }

  async put(key: string, body: Buffer, options: BlobCallOptions = {}): Promise<void> {
    await this.write(key, body, {}, options);
  }

  async putIfAbsent(key: string, body: Buffer, options: BlobCallOptions = {}): Promise<void> {
    await this.write(key, body, { 'x-oss-forbid-overwrite': 'true' }, options);
  }

  async get(key: string, options: BlobCallOptions & { maxBytes?: number } = {}): Promise<Buffer> {
    assertBlobKeys(key);
    return this.call(`read object [${key}]`, options, async (ctx) => {
      const { content, res } = await this.#client.get(this.#base + key, { ctx });
      assertMd5(res.headers, ctx.md5, key);
      return content;
    });
  }

  async *list(prefix: string, options: BlobCallOptions & { after?: string } = {}): AsyncGenerator<BlobInfo> {
    assertBlobPrefix(prefix);
    let token: string | null = null;
    do {
      const query: Record<string, string> = { prefix: this.#base + prefix, 'max-keys': String(PAGE) };
      // Empty or undefined query values break V4 signatures in ali-oss, so their keys are left out.
      if (query.prefix === '') delete query.prefix;
      if (token !== null) query['continuation-token'] = token;
      else if (options.after) query['start-after'] = this.#base + options.after;
      const page = await this.call('list objects', options, (ctx) => this.#client.listV2(query, { ctx }));
      for (const { name, size } of page.objects) {
        const key = name.slice(this.#base.length);
        if (isBlobKey(key)) yield { key, length: size };
      }
      token = page.nextContinuationToken;
    } while (token !== null);
  }

  async delete(keys: readonly string[], options: BlobCallOptions = {}): Promise<void> {
    assertBlobKeys(...keys);
    for (let at = 0; at < keys.length; at += PAGE) {
      const names = keys.slice(at, at + PAGE).map((key) => this.#base + key);
      await this.call('delete objects', options, async (ctx) => {
        if (names.length === 1) await this.#client.delete(names[0]!, { ctx });
        else await this.deleteBatch(names, ctx);
      });
    }
  }

  async checkUsable(options: BlobCallOptions = {}): Promise<void> {
    const { bucket } = await this.call('read the settings of the bucket (oss:GetBucketInfo)', options, (ctx) =>
      this.#client.getBucketInfo(this.#bucket, { ctx }),
    );
    assertBucketUsable(this.#bucket, bucket, this.#readonly);
    // The credentials must also reach the base path, not only the bucket's settings.
    for await (const _ of this.list('', options)) break;
  }

  async close(): Promise<void> {
    this.#transport.close();
  }

  private async write(
    key: string,
    body: Buffer,
    headers: Record<string, string>,
    options: BlobCallOptions,
  ): Promise<void> {
    assertBlobKeys(key);
    await this.call(`write object [${key}]`, options, async (ctx) => {
      const checked = { ...headers, 'Content-MD5': md5Base64(body) };
      await this.#client.put(this.#base + key, body, { ctx, headers: checked, mime: MIME });
    });
  }

  /**
   * Deletes several objects. Checks that the response names each of them, because ali-oss ignores keys that OSS could
   * not delete.
   */
  private async deleteBatch(names: readonly string[], ctx: HttpCall): Promise<void> {
    const { deleted } = await this.#client.deleteMulti(names, { ctx });
    const done = new Set(deleted.map(({ Key }) => Key));
    const left = names.filter((name) => !done.has(name)).length;
    if (left > 0) {
      throw new SnapkeepError(
        'store_unavailable',
        `${left} of ${names.length} objects of [${this.description}] were not deleted`,
      );
    }
  }

  /** Signs from now on with these keys. Calls in progress end with theirs. */
  private useSecrets(secrets: OssSecrets): void {
    if (secrets === this.#secrets) return;
    this.#secrets = secrets;
    this.#client = createOssClient(this.#address, this.#bucket, secrets, this.#transport);
  }

  private async call<T>(
    doing: string,
    { signal, maxBytes }: BlobCallOptions & { maxBytes?: number },
    work: (call: HttpCall) => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    const call: HttpCall = { signal, maxBytes };
    try {
      if (this.#temporary !== undefined) this.useSecrets(await this.#temporary.current(signal));
      return await work(call);
    } catch (error) {
      throw ossFailure(error, call, doing, this.description);
    }
  }
}

function isPathPart(part: string): boolean {
  return part !== '' && part !== '.' && part !== '..';
}
