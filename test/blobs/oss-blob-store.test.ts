import { randomBytes } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { inspect } from 'node:util';
import { type FaultRequest, type OssFault } from '../../packages/embedded-oss/src/faults';
import { type EmbeddedOssOptions } from '../../packages/embedded-oss/src/server';
import { OssBlobStore } from '../../src/blobs/oss/oss-blob-store';
import { type OssSecrets, type OssSettings } from '../../src/blobs/oss/oss-settings';
import { type ErrorCode } from '../../src/contracts/errors';
import { OSS_SECRETS, startTestOss } from '../support/embedded-oss';
import { expectCode, listed } from './blob-store-contract';
import { failure } from './failure';

type Stop = () => Promise<void>;
const cleanups: Stop[] = [];
afterEach(async () => {
  for (const stop of cleanups.splice(0).reverse()) await stop();
});

/** Starts a server whose next requests meet the planned faults (undefined: none), and opens a store on it. */
async function open(
  options: {
    server?: Partial<EmbeddedOssOptions>;
    settings?: Partial<OssSettings>;
    secrets?: OssSecrets;
    times?: { idleMs?: number; baseMs?: number; minBytesPerSecond?: number };
    readonly?: boolean;
  } = {},
) {
  const faults: (OssFault | undefined)[] = [];
  const seen: FaultRequest[] = [];
  const server = await startTestOss({
    onRequest: (request) => {
      seen.push(request);
      return faults.shift();
    },
    ...options.server,
  });
  const store = new OssBlobStore(
    { endpoint: server.endpoint, bucket: 'snapshots', basePath: 'base', ...options.settings },
    options.secrets ?? OSS_SECRETS,
    { times: options.times, readonly: options.readonly },
  );
  cleanups.push(server.stop, () => store.close());
  return { server, store, faults, seen };
}

describe('answers of OSS become errors of the catalogue:', () => {
  const cases: [OssFault, ErrorCode][] = [
    [{ status: 403, code: 'AccessDenied' }, 'store_access_denied'],
    [{ status: 403, code: 'InvalidAccessKeyId' }, 'store_access_denied'],
    [{ status: 403, code: 'SignatureDoesNotMatch' }, 'store_access_denied'],
    [{ status: 403, code: 'SecurityTokenExpired' }, 'store_access_denied'],
    [{ status: 403, code: 'UserDisable' }, 'store_access_denied'],
    [{ status: 403, code: 'RequestTimeTooSkewed' }, 'store_unavailable'],
    [{ status: 403, code: 'InvalidObjectState' }, 'store_rejected'],
    [{ status: 404, code: 'NoSuchBucket' }, 'store_bucket_missing'],
    [{ status: 404, code: 'NoSuchKey' }, 'blob_missing'],
    [{ status: 409, code: 'FileAlreadyExists' }, 'blob_exists'],
    [{ status: 409, code: 'FileImmutable' }, 'store_rejected'],
    [{ status: 400, code: 'InvalidDigest' }, 'store_integrity'],
    [{ status: 400, code: 'BadDigest' }, 'store_integrity'],
    [{ status: 400, code: 'RequestTimeout' }, 'store_unavailable'],
    [{ status: 400, code: 'InvalidArgument' }, 'store_rejected'],
    [{ status: 501, code: 'NotImplemented' }, 'store_rejected'],
    [{ status: 408 }, 'store_unavailable'],
    [{ status: 429 }, 'store_unavailable'],
    [{ status: 429, code: 'TooManyRequests' }, 'store_unavailable'],
    [{ status: 500, code: 'InternalError' }, 'store_unavailable'],
    [{ status: 502 }, 'store_unavailable'],
    [{ status: 503, code: 'ServiceUnavailable' }, 'store_unavailable'],
    [{ status: 503, code: 'QpsLimitExceeded' }, 'store_unavailable'],
    [{ status: 504 }, 'store_unavailable'],
    ['reset', 'store_unavailable'],
    ['lose-answer', 'store_unavailable'],
  ];
  test.each(cases)('%j is %s', async (fault, code) => {
    const { store, faults } = await open();
    await store.put('a', Buffer.from('x'));
    for (const call of [
      () => store.put('b', Buffer.from('x')),
      () => store.putIfAbsent('c', Buffer.from('x')),
      () => store.get('a'),
      () => listed(store.list('')),
      () => store.delete(['a', 'b']),
      () => store.checkUsable(),
    ]) {
      faults.push(fault);
      const error = await failure(call());
      expect(error.code).toBe(code);
      expect(faults).toHaveLength(0);
    }
  });

  test('a refusal by the wrong endpoint names the right one', async () => {
    const { store, faults } = await open();
    const message = 'The bucket you are attempting to access must be addressed using the specified endpoint.';
    faults.push({ status: 403, code: 'AccessDenied', message, endpoint: 'oss-cn-beijing.aliyuncs.com' });
    const error = await failure(store.get('a'));
    expect(error.message).toContain('oss-cn-beijing.aliyuncs.com');
    expect(error.message).toContain(message);
  });

  test('an error names the object, the bucket, the code of OSS and the request', async () => {
    const { store } = await open();
    const error = await failure(store.get('some/object'));
    expect(error.message).toMatch(/some\/object.*oss:\/\/snapshots\/base.*NoSuchKey/);
    expect(error.details).toMatchObject({ status: 404, ossCode: 'NoSuchKey' });
    expect(error.details.requestId).toMatch(/^[0-9A-F]{24}$/);
  });

  test('a page of a proxy in place of an answer is no success', async () => {
    const { store, faults } = await open();
    await store.put('a', Buffer.from('x'));
    faults.push({ status: 200 });
    await expectCode(listed(store.list('')), 'store_integrity');
  });
});

describe('secrets', () => {
  const secrets = {
    accessKeyId: 'LTAI-the-id',
    secretAccessKey: 'the-very-secret-key',
    securityToken: 'the-sts-token',
  };

  test('are in no error, whatever goes wrong, and not in the printed store', async () => {
    const wrong = { ...secrets, secretAccessKey: 'another-very-secret-key' };
    const { store, faults, server, seen } = await open({ server: secrets, secrets: wrong, times: { idleMs: 500 } });
    const errors: unknown[] = [store];
    errors.push(await failure(store.put('a', Buffer.from('x'))));
    errors.push(await failure(store.checkUsable()));
    for (const fault of [{ status: 500 }, { status: 503, code: 'X' }, 'reset', 'stall', 'lose-answer'] as OssFault[]) {
      faults.push(fault);
      errors.push(await failure(store.get('a')));
      faults.push(fault);
      errors.push(await failure(store.put('a', randomBytes(1_000_000))));
    }
    await server.close();
    errors.push(await failure(store.get('a')));
    for (const settings of [{ bucket: 'X' }, { endpoint: 'nonsense' }, { endpoint: 'http://user:pass@host' }]) {
      try {
        new OssBlobStore({ endpoint: 'http://localhost', bucket: 'good', basePath: '', ...settings }, secrets);
        throw new Error('must be refused');
      } catch (error) {
        expect(error).toMatchObject({ code: 'repository_settings_invalid' });
        errors.push(error);
      }
    }
    const signature = /^OSS [^:]+:(.{28})$/.exec(seen[0]?.headers.authorization ?? '')?.[1] ?? 'none';
    expect(signature).not.toBe('none');
    const text = errors.map((error) => inspect(error, { depth: 20, showHidden: true })).join('\n');
    expect(text).not.toMatch(/LTAI-the-id|very-secret-key|the-sts-token|authorization/i);
    expect(text).not.toContain(signature);
    expect(text).not.toContain('pass');
  });

  test('of all three kinds are used: a wrong one of them is refused', async () => {
    for (const region of [undefined, 'oss-cn-hangzhou']) {
      const { store, server } = await open({ server: secrets, secrets, settings: { region } });
      await store.put('a', Buffer.from('x'));
      for (const [name, value] of Object.entries(secrets)) {
        const changed = { ...secrets, [name]: `${value}x` };
        const settings = { endpoint: server.endpoint, bucket: 'snapshots', basePath: 'base', region };
        const other = new OssBlobStore(settings, changed);
        await expectCode(other.get('a'), 'store_access_denied');
        await other.close();
      }
    }
  });
});

describe('bytes that are damaged or missing are noticed:', () => {
  test('an object whose bytes changed on the way is store_integrity', async () => {
    const { store, faults } = await open();
    await store.put('a', randomBytes(600_000));
    faults.push('corrupt-body');
    await expectCode(store.get('a'), 'store_integrity');
    await store.get('a');
  });

  test('a body that is cut is store_unavailable', async () => {
    const { store, faults } = await open();
    for (const size of [1000, 3_000_000]) {
      await store.put('a', randomBytes(size));
      faults.push('cut-body');
      await expectCode(store.get('a'), 'store_unavailable');
      expect(faults).toHaveLength(0);
    }
  });

  test('every write carries the MD5 of its body', async () => {
    const { store, seen } = await open();
    await store.put('a', Buffer.from('one'));
    await store.putIfAbsent('b', Buffer.alloc(0));
    await store.delete(['a', 'b']);
    expect(seen.map(({ headers }) => headers['content-md5'])).toEqual([
      '+XxdKZQb+xsv2rCHSQargg==',
      '1B2M2Y8AsgTpgAmY7PhCfg==',
      expect.stringMatching(/^.{22}==$/),
    ]);
    expect(seen.map(({ headers }) => headers['x-oss-forbid-overwrite'])).toEqual([undefined, 'true', undefined]);
  });
});

describe('a store that hangs', () => {
  const times = { idleMs: 1000 };

  /** Opens the store under test, with a short idle time, and another store that prepares objects. */
  async function openImpatient() {
    const opened = await open({ times });
    const settings = { endpoint: opened.server.endpoint, bucket: 'snapshots', basePath: 'base' };
    const patient = new OssBlobStore(settings, OSS_SECRETS);
    cleanups.push(() => patient.close());
    return { ...opened, patient };
  }

  test('before it answers is store_unavailable after the idle time', async () => {
    const { store, faults } = await openImpatient();
    const started = performance.now();
    const calls = [() => store.get('a'), () => store.put('a', randomBytes(4_000_000))];
    for (const call of calls) {
      faults.push('stall');
      const error = await failure(call());
      expect(error.code).toBe('store_unavailable');
      expect(error.message).toContain('1000 ms');
    }
    expect(performance.now() - started).toBeLessThan(15_000);
  });

  test('in the middle of a body is store_unavailable after the idle time', async () => {
    const { store, faults, patient } = await openImpatient();
    await patient.put('a', randomBytes(2_000_000));
    faults.push('stall-body');
    await expectCode(store.get('a'), 'store_unavailable');
    expect(faults).toHaveLength(0);
  });

  test('takes longer than the whole time allowed for the size of the body is store_unavailable', async () => {
    // A server that reads a few bytes at a time, so that it is never idle.
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket.pause());
      const timer = setInterval(() => socket.read(4096), 20);
      socket.on('close', () => clearInterval(timer)).on('error', () => undefined);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const store = new OssBlobStore(
      { endpoint: `http://127.0.0.1:${port}`, bucket: 'snapshots', basePath: '' },
      OSS_SECRETS,
      { times: { idleMs: 5000, baseMs: 200, minBytesPerSecond: 100_000_000 } },
    );
    cleanups.push(
      () => new Promise((resolve) => server.close(() => resolve())),
      async () => sockets.forEach((socket) => socket.destroy()),
      () => store.close(),
    );
    const error = await failure(store.put('a', randomBytes(30_000_000)));
    expect(error.code).toBe('store_unavailable');
    expect(error.message).toContain('took more than 500 ms');
  });

  test('lets go at once when the signal is aborted, and closes the connection', async () => {
    const { store, faults, server } = await open();
    await store.put('a', randomBytes(2_000_000));
    for (const fault of ['stall', 'stall-body'] as const) {
      faults.push(fault);
      const controller = new AbortController();
      const reason = new Error('enough');
      setTimeout(() => controller.abort(reason), 50);
      const started = performance.now();
      await expect(store.get('a', { signal: controller.signal })).rejects.toBe(reason);
      expect(performance.now() - started).toBeLessThan(5000);
    }
    expect(await server.connections()).toBeLessThanOrEqual(1);
  });
});

describe('checkUsable', () => {
  test.each(['Archive', 'ColdArchive', 'DeepColdArchive'])(
    'refuses a bucket of class %s by name',
    async (storageClass) => {
      const { store } = await open({ server: { buckets: [{ name: 'snapshots', storageClass }] } });
      const error = await failure(store.checkUsable());
      expect(error.code).toBe('repository_settings_invalid');
      expect(error.message).toMatch(new RegExp(`snapshots.*${storageClass}.*Standard`));
    },
  );

  test.each(['Enabled', 'Suspended'] as const)(
    'refuses a bucket with versioning %s, where put-if-absent has indeed no effect',
    async (versioning) => {
      const { store } = await open({ server: { buckets: [{ name: 'snapshots', versioning }] } });
      const error = await failure(store.checkUsable());
      expect(error.code).toBe('repository_settings_invalid');
      expect(error.message).toMatch(new RegExp(`snapshots.*versioning ${versioning.toLowerCase()}.*readonly`));
      await store.putIfAbsent('a', Buffer.from('1'));
      await store.putIfAbsent('a', Buffer.from('2'));
    },
  );

  test('accepts a bucket with versioning for reading only', async () => {
    const server = { buckets: [{ name: 'snapshots', versioning: 'Enabled' as const }] };
    const { store } = await open({ server, readonly: true });
    await store.checkUsable();
  });

  test.each(['Standard', 'IA'])('accepts a bucket of class %s', async (storageClass) => {
    const { store } = await open({ server: { buckets: [{ name: 'snapshots', storageClass }] } });
    await store.checkUsable();
  });

  test('names a bucket that does not exist, and a server that is not there', async () => {
    const { store } = await open({ settings: { bucket: 'other-bucket' } });
    const missing = await failure(store.checkUsable());
    expect(missing.code).toBe('store_bucket_missing');
    expect(missing.message).toContain('other-bucket');
    const nowhere = await open({ settings: { endpoint: 'http://127.0.0.1:1' } });
    const unreachable = await failure(nowhere.store.checkUsable());
    expect(unreachable.code).toBe('store_unavailable');
    expect(unreachable.message).toMatch(/127\.0\.0\.1:1.*ECONNREFUSED/);
  });
});

describe('beside the repository', () => {
  test('a bucket may hold foreign objects, which are never listed', async () => {
    const { store, server } = await open();
    const root = new OssBlobStore({ endpoint: server.endpoint, bucket: 'snapshots', basePath: '' }, OSS_SECRETS);
    await root.put('base2/x', Buffer.from('x'));
    await root.put('bas', Buffer.from('x'));
    await store.put('index-1', Buffer.from('x'));
    expect(await listed(store.list(''))).toEqual(['index-1']);
    expect(await listed(root.list('base'))).toEqual(['base/index-1', 'base2/x']);
    await root.close();
  });

  test('requests are signed with V4 where the region is known, else with V1', async () => {
    for (const [region, scheme] of [
      [undefined, /^OSS snapkeep:/],
      ['oss-cn-hangzhou', /^OSS4-HMAC-SHA256 Credential=snapkeep\/\d{8}\/cn-hangzhou\/oss\/aliyun_v4_request/],
    ] as const) {
      const { store, seen } = await open({ settings: { region } });
      await store.put('a', Buffer.from('x'));
      expect(seen[0]?.headers.authorization).toMatch(scheme);
    }
  });
});
