import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { authorize } from './auth/authorize';
import { type Credentials } from './auth/credentials';
import { fromBytes } from './byte-string';
import { type OssService } from './context';
import { type FaultRequest, type OssFault } from './faults';
import { OssError } from './oss-error';
import { type OssRequest, readRequest } from './oss-request';
import { type Reply } from './reply';
import { listBuckets } from './routes/bucket-info';
import { route } from './routes/route';
import { sendReply } from './send-reply';
import { Bucket, type BucketOptions } from './storage/bucket';
import { xmlDocument } from './xml';

/** The largest object that OSS takes in one put. */
const DEFAULT_MAX_OBJECT_BYTES = 5 * 1024 * 1024 * 1024;
/** Clients keep connections open and use them again: longer than they do, so that they are the ones to close. */
const KEEP_ALIVE_MS = 75_000;

export interface EmbeddedOssOptions {
  /** Folder for everything; another server on it at the same time is not allowed. */
  readonly dataDir: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** Address to listen on. @default '127.0.0.1' */
  readonly host?: string;
  /** @default 'snapkeep' */
  readonly accessKeyId?: string;
  /** @default 'snapkeep-secret' */
  readonly secretAccessKey?: string;
  /** If set, every request must carry this STS token. */
  readonly securityToken?: string;
  /** For tests: temporary keys that are valid besides, asked at each request. */
  readonly temporaryKeys?: () => Omit<Credentials, 'region'> | undefined;
  /** @default 'oss-cn-hangzhou' */
  readonly region?: string;
  /** @default one bucket `snapshots` */
  readonly buckets?: readonly BucketOptions[];
  /** @default 5 GiB */
  readonly maxObjectBytes?: number;
  /** For tests: asked before each request is handled; what it returns goes wrong. */
  readonly onRequest?: (request: FaultRequest) => OssFault | undefined;
}

export interface EmbeddedOss {
  readonly port: number;
  /** `http://127.0.0.1:<port>`, for clients on this machine. */
  readonly endpoint: string;
  /** How many connections are open. */
  connections(): Promise<number>;
  /** Stops at once, open connections included. What was answered is on disk. Repeating it is harmless. */
  close(): Promise<void>;
}

/**
 * Starts a server that speaks the protocol of Alibaba Cloud OSS, for local use and tests. It checks
 * signatures, and is durable: what it has answered survives the death of the process.
 */
export async function startEmbeddedOss(options: EmbeddedOssOptions): Promise<EmbeddedOss> {
  const credentials: Credentials = {
    accessKeyId: options.accessKeyId ?? 'snapkeep',
    secretAccessKey: options.secretAccessKey ?? 'snapkeep-secret',
    region: options.region ?? 'oss-cn-hangzhou',
    ...(options.securityToken === undefined ? {} : { securityToken: options.securityToken }),
  };
  const service: OssService = {
    region: credentials.region,
    buckets: await openBuckets(options.dataDir, options.buckets ?? [{ name: 'snapshots' }]),
    maxObjectBytes: options.maxObjectBytes ?? DEFAULT_MAX_OBJECT_BYTES,
  };
  const active = new Set<Promise<void>>();
  const server = http.createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0 }, (incoming, response) => {
    // Nothing can be answered to a client that is gone.
    const temporary = options.temporaryKeys?.();
    const known = temporary === undefined ? [] : [{ ...temporary, region: credentials.region }];
    const served = serve(incoming, response, service, [credentials, ...known], options.onRequest)
      .catch(() => void response.destroy())
      .finally(() => active.delete(served));
    active.add(served);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host ?? '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  let closed: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    const ended = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await ended;
    // Their connections are gone, but what they do to files is not.
    await Promise.all(active);
    for (const bucket of service.buckets.values()) await bucket.close();
  };
  return {
    port,
    endpoint: `http://127.0.0.1:${port}`,
    connections: () =>
      new Promise((resolve, reject) => {
        server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
      }),
    close: () => (closed ??= stop()),
  };
}

async function openBuckets(dataDir: string, wanted: readonly BucketOptions[]): Promise<Map<string, Bucket>> {
  const buckets = new Map<string, Bucket>();
  for (const options of wanted) {
    const folder = join(dataDir, 'buckets', options.name);
    await mkdir(folder, { recursive: true });
    buckets.set(options.name, await Bucket.open(folder, options));
  }
  return buckets;
}

async function serve(
  incoming: IncomingMessage,
  response: ServerResponse,
  service: OssService,
  known: readonly Credentials[],
  onRequest: EmbeddedOssOptions['onRequest'],
): Promise<void> {
  const requestId = randomBytes(12).toString('hex').toUpperCase();
  response.setHeader('Server', 'AliyunOSS');
  response.setHeader('x-oss-request-id', requestId);
  let reply: Reply;
  let fault: OssFault | undefined;
  try {
    const request = readRequest(incoming);
    fault = onRequest?.({ ...request, key: fromBytes(request.key) });
    if (fault === 'stall') return;
    if (fault === 'reset') return void incoming.socket.resetAndDestroy();
    if (typeof fault === 'object') reply = faultReply(fault, requestId);
    else {
      authorize(request, known);
      reply = await handle(request, service);
    }
  } catch (error) {
    if (incoming.destroyed && !incoming.complete) return;
    reply = errorReply(error, requestId, incoming);
  }
  // What is left of a body that is refused: read and dropped, so that the client gets to the answer.
  incoming.resume();
  await sendReply(response, reply, incoming.method !== 'HEAD', fault);
}

async function handle(request: OssRequest, service: OssService): Promise<Reply> {
  if (request.bucket === undefined) {
    if (request.method !== 'GET') throw new OssError('MethodNotAllowed');
    return listBuckets(service, request.query.get('prefix') ?? '');
  }
  const bucket = service.buckets.get(request.bucket);
  if (bucket === undefined) throw new OssError('NoSuchBucket', undefined, { BucketName: request.bucket });
  return route({ request, service, bucket });
}

function errorReply(error: unknown, requestId: string, incoming: IncomingMessage): Reply {
  const known = error instanceof OssError ? error : new OssError('InternalError');
  if (known !== error) process.stderr.write(`embedded OSS: ${String((error as Error).stack)}\n`);
  return errorDocument(known.status, known.code, known.message, requestId, incoming.headers.host ?? '', known.extra);
}

function faultReply(fault: Exclude<OssFault, string>, requestId: string): Reply {
  if (fault.code === undefined) return { status: fault.status, headers: { 'Content-Type': 'text/html' } };
  const extra: Record<string, string> = fault.endpoint === undefined ? {} : { Endpoint: fault.endpoint };
  return errorDocument(fault.status, fault.code, fault.message ?? 'planned by a test', requestId, 'planned', extra);
}

function errorDocument(
  status: number,
  code: string,
  message: string,
  requestId: string,
  host: string,
  extra: Readonly<Record<string, string>>,
): Reply {
  const body = xmlDocument('Error', { Code: code, Message: message, RequestId: requestId, HostId: host, ...extra });
  // An answer to HEAD has no body: OSS puts the document into a header.
  return { status, headers: { 'Content-Type': 'application/xml', 'x-oss-err': body.toString('base64') }, body };
}
