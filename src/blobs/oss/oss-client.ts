import { type IncomingMessage } from 'node:http';
import OSS from 'ali-oss';
import { SnapkeepError } from '../../contracts/errors';
import { type HttpCall } from '../http/http-call';
import { type HttpTransport } from '../http/http-transport';
import { type OssAddress } from './oss-endpoint';
import { type OssSecrets } from './oss-settings';

/** Part of every result of ali-oss. */
interface OssAnswer {
  readonly res: { readonly status: number; readonly headers: IncomingMessage['headers'] };
}

/** Options that reach the transport. ali-oss passes `ctx` on untouched. */
interface CallOptions {
  readonly ctx: HttpCall;
  readonly headers?: Record<string, string>;
}

/**
 * Types the used part of ali-oss 6.23 as it behaves, because its published types lack `ctx` and more. Query objects
 * must have no undefined values: ali-oss sends them but leaves them out of a V4 signature.
 */
export interface OssClient {
  put(name: string, body: Buffer, options: CallOptions & { mime: string }): Promise<OssAnswer>;
  get(name: string, options: CallOptions): Promise<OssAnswer & { content: Buffer }>;
  listV2(
    query: Record<string, string>,
    options: CallOptions,
  ): Promise<OssAnswer & { objects: { name: string; size: number }[]; nextContinuationToken: string | null }>;
  delete(name: string, options: CallOptions): Promise<OssAnswer>;
  deleteMulti(names: readonly string[], options: CallOptions): Promise<OssAnswer & { deleted: { Key: string }[] }>;
  getBucketInfo(
    bucket: string,
    options: CallOptions,
  ): Promise<OssAnswer & { bucket: { StorageClass?: string; Versioning?: string } }>;
}

/**
 * Creates a client for one bucket that sends through `transport`. Never log the client, because it holds the secrets.
 *
 * Throws `repository_settings_invalid` when ali-oss refuses the bucket's name, or a key is empty.
 */
export function createOssClient(
  address: OssAddress,
  bucket: string,
  secrets: OssSecrets,
  transport: HttpTransport,
): OssClient {
  try {
    const options = {
      endpoint: address.endpoint,
      sldEnable: address.pathStyle,
      bucket,
      accessKeyId: secrets.accessKeyId,
      accessKeySecret: secrets.secretAccessKey,
      ...(secrets.securityToken === undefined ? {} : { stsToken: secrets.securityToken }),
      // Without an interval, ali-oss prints advice to the console. Without a refresh function, it refreshes nothing.
      refreshSTSTokenInterval: 3_600_000,
      ...(address.region === undefined ? {} : { region: address.region, authorizationV4: true }),
      retryMax: 0,
      urllib: transport,
    };
    return new OSS(options) as unknown as OssClient;
  } catch {
    // The library's error is not passed on. It names neither bucket nor key, and a later release may add the options.
    throw new SnapkeepError(
      'repository_settings_invalid',
      `the bucket [${bucket}] or its access keys are not acceptable: a bucket's name has 3 to 63 lower-case letters, digits and hyphens, and both keys must be given`,
    );
  }
}
