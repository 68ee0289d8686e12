import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { type StoreEnvironment } from '../../src/blobs/contract/store-policy';
import { openBlobStore } from '../../src/blobs/open-blob-store';
import { TemporaryCredentials } from '../../src/blobs/oss/environment-credentials';
import { type OssSettings } from '../../src/blobs/oss/oss-settings';
import { SnapkeepError } from '../../src/contracts/errors';
import { startTestOss } from '../support/embedded-oss';
import { freePorts } from '../support/ports';
import { expectCode } from './blob-store-contract';

/** Repositories without keys, between an OSS that checks temporary keys and a server that hands them out. */

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly securityToken: string;
}

const keysOf = (generation: number): Keys => ({
  accessKeyId: `STS.id${generation}`,
  secretAccessKey: `secret-of-${generation}`,
  securityToken: `token-of-${generation}`,
});

/** Plays the metadata service of ECS, and the token service, whose keys an OSS takes as long as they are the newest. */
async function startServices(lifetimeMs: number) {
  const asked: string[] = [];
  const state = { generation: 0, status: 200, machineHas: 'backups', token: 'the-oidc-token' };
  const server = createServer((request, response) => {
    void request.toArray().then((chunks) => {
      const { method, url, headers } = request;
      const form = new URLSearchParams(Buffer.concat(chunks).toString());
      asked.push(`${method} ${url}`);
      const refuse = (status: number, code: string): void => {
        response.writeHead(status).end(JSON.stringify({ Code: code, Message: 'the-oidc-token' }));
      };
      const keys = (): Record<string, string> => {
        const { accessKeyId, secretAccessKey, securityToken } = keysOf(++state.generation);
        const Expiration = new Date(Date.now() + lifetimeMs).toISOString();
        return { AccessKeyId: accessKeyId, AccessKeySecret: secretAccessKey, SecurityToken: securityToken, Expiration };
      };
      if (state.status !== 200) return refuse(state.status, 'Planned');
      if (method === 'PUT' && url === '/latest/api/token') return response.end('the-session');
      if (method === 'GET' && url === `/latest/meta-data/ram/security-credentials/${state.machineHas}`) {
        if (headers['x-aliyun-ecs-metadata-token'] !== 'the-session') return refuse(403, 'NoSession');
        return response.end(JSON.stringify({ Code: 'Success', ...keys() }));
      }
      if (method === 'POST' && form.get('Action') === 'AssumeRoleWithOIDC') {
        if (form.get('OIDCToken') !== state.token || form.get('RoleArn') !== 'acs:ram::1:role/backups') {
          return refuse(400, 'AuthenticationFail.OIDCToken.Invalid');
        }
        return response.end(JSON.stringify({ Credentials: keys() }));
      }
      return refuse(404, 'NotFound');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const oss = await startTestOss({ temporaryKeys: () => keysOf(state.generation) });
  cleanups.push(oss.stop);
  const open = (environment: StoreEnvironment, settings: Partial<OssSettings> = {}) => {
    const at = { type: 'oss' as const, endpoint: oss.endpoint, bucket: 'snapshots', basePath: 'base', ...settings };
    const store = openBlobStore(at, undefined, { readonly: false }, environment);
    cleanups.push(() => store.close());
    return store;
  };
  return { url, state, asked, open };
}

const MINUTE = 60_000;

test.each([undefined, 'oss-cn-hangzhou'])(
  'the RAM role of the machine opens the bucket, and is asked once by many calls (region %s)',
  async (region) => {
    const { url, asked, open } = await startServices(60 * MINUTE);
    const store = open({ metadataUrl: url, stsUrl: url }, { ecsRamRole: 'backups', region });
    await Promise.all(['a', 'b', 'c'].map((key) => store.put(key, Buffer.from(key))));
    expect((await store.get('b')).toString()).toBe('b');
    await expectCode(store.putIfAbsent('b', Buffer.from('x')), 'blob_exists');
    await store.checkUsable();
    expect(asked).toEqual(['PUT /latest/api/token', 'GET /latest/meta-data/ram/security-credentials/backups']);
    expect(inspect(store, { depth: 9 })).not.toMatch(/secret-of|token-of/);
  },
);

test('keys that end are renewed before a call is signed with them', async () => {
  // They are used until a minute before their end: for half a second.
  const { url, state, open } = await startServices(MINUTE + 500);
  const store = open({ metadataUrl: url, stsUrl: url }, { ecsRamRole: 'backups' });
  await store.put('a', Buffer.from('1'));
  expect(state.generation).toBe(1);
  const deadline = Date.now() + 10_000;
  while (state.generation < 3 && Date.now() < deadline) {
    expect((await store.get('a')).toString()).toBe('1');
  }
  expect(state.generation).toBeGreaterThanOrEqual(3);
});

test('the role of a token in a file opens the bucket, and the file is read anew each time', async () => {
  const { url, state, open } = await startServices(MINUTE + 200);
  const folder = await mkdtemp(join(tmpdir(), 'snapkeep-oidc-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  const tokenFile = join(folder, 'token');
  await writeFile(tokenFile, 'the-oidc-token\n');
  const role = { roleArn: 'acs:ram::1:role/backups', providerArn: 'acs:ram::1:oidc-provider/cluster', tokenFile };
  const store = open({ metadataUrl: url, stsUrl: url, role });
  await store.put('a', Buffer.from('1'));
  state.token = 'the-next-token';
  await writeFile(tokenFile, 'the-next-token');
  const before = state.generation;
  const deadline = Date.now() + 10_000;
  while (state.generation === before && Date.now() < deadline) await store.get('a');
  expect(state.generation).toBeGreaterThan(before);
});

test.each([
  ['a machine without the role', { machineHas: 'another' }, 'store_access_denied', /status 404, NotFound; give keys/],
  ['a service that fails', { status: 500 }, 'store_unavailable', /status 500, Planned/],
] as const)('%s is told, without secrets', async (_, changed, code, message) => {
  const { url, state, open } = await startServices(60 * MINUTE);
  Object.assign(state, changed);
  const store = open({ metadataUrl: url, stsUrl: url }, { ecsRamRole: 'backups' });
  const error = await store.get('a').catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(SnapkeepError);
  expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  expect(inspect(error, { depth: 9 })).not.toContain('the-oidc-token');
});

test('a service that nobody answers at is told as unavailable', async () => {
  const { open } = await startServices(60 * MINUTE);
  const [port] = await freePorts(1);
  const nobody = `http://127.0.0.1:${port}`;
  const store = open({ metadataUrl: nobody, stsUrl: nobody }, { ecsRamRole: 'backups' });
  await expect(store.get('a')).rejects.toMatchObject({
    code: 'store_unavailable',
    message: expect.stringContaining(`the metadata service [${nobody}] does not answer: ECONNREFUSED`),
  });
});

test('old keys are used while new ones cannot be had, until they end', async () => {
  let now = 0;
  let asked = 0;
  const clock = jest.spyOn(Date, 'now').mockImplementation(() => now);
  cleanups.push(() => clock.mockRestore());
  const credentials = new TemporaryCredentials(async () => {
    asked++;
    if (asked > 1) throw new SnapkeepError('store_unavailable', 'the service is down');
    return { secrets: keysOf(1), endMillis: 60 * MINUTE };
  });
  expect(await credentials.current()).toEqual(keysOf(1));
  now = 44 * MINUTE;
  await credentials.current();
  expect(asked).toBe(1);
  now = 46 * MINUTE;
  await credentials.current();
  await credentials.current();
  expect(asked).toBe(2);
  now = 50 * MINUTE;
  expect(await credentials.current()).toEqual(keysOf(1));
  expect(asked).toBe(3);
  now = 59 * MINUTE;
  await expect(credentials.current()).rejects.toMatchObject({ code: 'store_unavailable' });
});
