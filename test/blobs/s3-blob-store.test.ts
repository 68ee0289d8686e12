import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { MockActivityEnvironment } from '@temporalio/testing';
import { type Dependencies } from '../../activities/dependencies';
import { registrationActivities } from '../../activities/registration-activities';
import { S3BlobStore } from '../../src/blobs/s3/s3-blob-store';
import { type S3Secrets } from '../../src/blobs/s3/s3-settings';
import { type ErrorCode } from '../../src/contracts/errors';
import { OpenRepositories } from '../../src/registrations/open-repositories';
import { createSealer } from '../../src/registrations/sealer';
import { listed } from './blob-store-contract';
import { failure } from './failure';

/**
 * What answers of S3 lead to, also wrong ones: from a server that gives them. What a right server does with the store
 * is tried in test/engines/s3.test.ts.
 */

type Answer = { readonly status: number; readonly code?: string; readonly body?: string } | 'silence' | 'reset';
/** Returns the answer to a request; undefined: as S3 without conditional puts. */
type Answering = (request: IncomingMessage) => Answer | undefined;

const SECRETS = { accessKey: 'the-access-key', secretKey: 'the-secret-key', sessionToken: 'the-token' };
const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A bucket in memory that takes no notice of `If-None-Match`. */
async function startServer(
  answering: Answering = () => undefined,
): Promise<{ endpoint: string; seen: IncomingMessage[] }> {
  const objects = new Map<string, Buffer>();
  const seen: IncomingMessage[] = [];
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    seen.push(request);
    const answer = answering(request);
    if (answer === 'silence') return;
    if (answer === 'reset') return void request.socket.destroy();
    const body = Buffer.concat(await request.toArray());
    const { pathname, searchParams } = new URL(request.url!, 'http://s3');
    const xml = (status: number, text: string): void => {
      response.writeHead(status, { 'content-type': 'application/xml' }).end(`<?xml version="1.0"?>${text}`);
    };
    if (answer !== undefined) {
      const { status, code, body: text } = answer;
      return xml(
        status,
        text ?? (code === undefined ? '' : `<Error><Code>${code}</Code><Message>so it is</Message></Error>`),
      );
    }
    if (request.method === 'PUT') {
      objects.set(pathname, body);
      response.writeHead(200, { etag: '"e"' }).end();
    } else if (request.method === 'POST' && searchParams.has('delete')) {
      for (const [, key] of body.toString().matchAll(/<Key>(.*?)<\/Key>/g)) objects.delete(`/snapshots/${key}`);
      xml(200, '<DeleteResult></DeleteResult>');
    } else if (searchParams.has('list-type')) {
      xml(200, '<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>');
    } else if (objects.has(pathname)) response.end(objects.get(pathname));
    else xml(404, '<Error><Code>NoSuchKey</Code></Error>');
  };
  const server: Server = createServer((request, response) => void serve(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

function open(endpoint: string, secrets: S3Secrets = SECRETS): S3BlobStore {
  const at = {
    bucket: 'snapshots',
    basePath: 'base',
    region: 'eu-west-1',
    pathStyle: true,
    serverSideEncryption: false,
  };
  const store = new S3BlobStore({ endpoint, ...at }, secrets, { times: { idleMs: 300 } });
  cleanups.push(() => store.close());
  return store;
}

const CASES: [Answer, ErrorCode][] = [
  [{ status: 403, code: 'AccessDenied' }, 'store_access_denied'],
  [{ status: 403, code: 'SignatureDoesNotMatch' }, 'store_access_denied'],
  [{ status: 404, code: 'InvalidAccessKeyId' }, 'store_access_denied'],
  [{ status: 400, code: 'ExpiredToken' }, 'store_access_denied'],
  [{ status: 403, code: 'RequestTimeTooSkewed' }, 'store_unavailable'],
  [{ status: 403, code: 'InvalidObjectState' }, 'store_rejected'],
  [{ status: 404, code: 'NoSuchBucket' }, 'store_bucket_missing'],
  [{ status: 404, code: 'NoSuchKey' }, 'blob_missing'],
  [{ status: 412, code: 'PreconditionFailed' }, 'blob_exists'],
  [{ status: 409, code: 'ConditionalRequestConflict' }, 'store_unavailable'],
  [{ status: 400, code: 'BadDigest' }, 'store_integrity'],
  [{ status: 400, code: 'InvalidArgument' }, 'store_rejected'],
  [{ status: 301, code: 'PermanentRedirect' }, 'store_rejected'],
  [{ status: 501, code: 'NotImplemented' }, 'store_rejected'],
  [{ status: 429 }, 'store_unavailable'],
  [{ status: 500, code: 'InternalError' }, 'store_unavailable'],
  [{ status: 502, body: '<html>Bad gateway</html>' }, 'store_unavailable'],
  [{ status: 503, code: 'SlowDown' }, 'store_unavailable'],
  ['reset', 'store_unavailable'],
  ['silence', 'store_unavailable'],
];

test.each(CASES)('the answer %j is %s to every call, and tells no secret', async (answer, code) => {
  const { endpoint, seen } = await startServer(() => answer);
  const store = open(endpoint);
  const calls = [
    () => store.put('b', Buffer.from('x')),
    () => store.putIfAbsent('c', Buffer.from('x')),
    () => store.get('a'),
    () => listed(store.list('')),
    () => store.delete(['a', 'b']),
    () => store.checkUsable(),
  ];
  for (const call of calls) {
    const error = await failure(call());
    expect(error.code).toBe(code);
    expect(inspect(error, { depth: 9 })).not.toMatch(/the-secret-key|the-token|the-access-key|Signature=/);
  }
  // One attempt per call.
  expect(seen).toHaveLength(calls.length);
  expect(inspect(store, { depth: 9 })).not.toContain('the-secret-key');
});

test('a page of a proxy in place of an answer is no success', async () => {
  const { endpoint } = await startServer(() => ({ status: 200, body: '<html><body>Log in</body></html>' }));
  const store = open(endpoint);
  for (const call of [
    () => store.put('b', Buffer.from('x')),
    () => store.putIfAbsent('b', Buffer.from('x')),
    () => listed(store.list('')),
  ]) {
    expect((await failure(call())).code).toBe('store_integrity');
  }
});

test('requests are signed for the region, with the token, and say that nothing may be there', async () => {
  const { endpoint, seen } = await startServer();
  await open(endpoint).putIfAbsent('a', Buffer.from('x'));
  expect(seen[0]!.url).toBe('/snapshots/base/a?x-id=PutObject');
  expect(seen[0]!.headers).toMatchObject({
    authorization: expect.stringMatching(/Credential=the-access-key\/\d+\/eu-west-1\/s3\/aws4_request/),
    'content-md5': expect.any(String),
    'if-none-match': '*',
    'x-amz-security-token': 'the-token',
  });
  expect(Object.keys(seen[0]!.headers).filter((name) => /checksum|^expect$/.test(name))).toEqual([]);
});

/** Verifies a repository in the way of a registration. */
async function register(endpoint: string): Promise<void> {
  const sealer = createSealer('a secret of sixteen characters');
  const repositories = new OpenRepositories({ pathRepo: [], allowedEndpoints: ['loopback'] }, sealer);
  const { verifyRepository } = registrationActivities({ repositories } as unknown as Dependencies);
  const registration = {
    name: 'backups',
    type: 's3' as const,
    settings: { endpoint, bucket: 'snapshots', base_path: 'base' },
    sealedSecrets: sealer.seal(SECRETS),
  };
  await new MockActivityEnvironment().run(verifyRepository, { registration });
}

test('a store that takes no notice of the condition is refused at registration', async () => {
  const { endpoint, seen } = await startServer();
  await expect(register(endpoint)).rejects.toMatchObject({
    type: 'repository_verification_exception',
    message: expect.stringContaining('lets a second writer replace an object that must not be replaced'),
  });
  expect(seen.filter(({ headers }) => headers['if-none-match'] === '*')).toHaveLength(2);
});

test('a store that says it does not know the condition is refused at registration', async () => {
  const { endpoint } = await startServer(({ headers }) =>
    headers['if-none-match'] === undefined ? undefined : { status: 501, code: 'NotImplemented' },
  );
  await expect(register(endpoint)).rejects.toMatchObject({
    type: 'store_rejected',
    message: expect.stringContaining(
      'a store that knows no conditional puts, [If-None-Match], cannot hold a repository',
    ),
  });
});
