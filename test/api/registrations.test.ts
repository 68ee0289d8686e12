import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { type RunningSnapkeep, startSnapkeep, until } from '../support/running-snapkeep';

const NDJSON = { 'content-type': 'application/x-ndjson' };
/** So slow that a test can change the registration meanwhile. */
const SLOW = { max_snapshot_bytes_per_sec: '40kb', compress: false };

describe('registrations', () => {
  let snapkeep: RunningSnapkeep;
  let otherDoor: string;
  let elsewhere: string;

  const register = (name: string, settings: object, more = '') =>
    snapkeep.call('PUT', `/_snapshot/${name}${more}`, { type: 'oss', settings });
  const names = async (door: string, repository: string): Promise<string[]> => {
    const response = await fetch(`${door}/_snapshot/${repository}/_all`);
    const json = (await response.json()) as { snapshots: { snapshot: string }[] };
    return json.snapshots.map((one) => one.snapshot);
  };

  beforeAll(async () => {
    elsewhere = await mkdtemp(path.join(tmpdir(), 'snapkeep-elsewhere-'));
    const shared = await mkdtemp(path.join(elsewhere, 'shared-'));
    // Absolute locations are the same folders for front door and worker, relative ones are not.
    snapkeep = await startSnapkeep({
      env: { SNAPKEEP_PATH_REPO: [await mkdtemp(path.join(elsewhere, 'door-')), shared].join(',') },
      workerEnv: { SNAPKEEP_PATH_REPO: [await mkdtemp(path.join(elsewhere, 'worker-')), shared].join(',') },
    });
    otherDoor = await snapkeep.startAnotherDoor();
    const text = 'x'.repeat(400);
    const lines = Array.from({ length: 4_000 }, (_, i) => `{"index":{"_id":"${i}"}}\n{"n":${i},"text":"${text}"}\n`);
    await snapkeep.call('POST', '/logs/_bulk?refresh=true', lines.join(''), NDJSON);
    await snapkeep.call('PUT', '/small/_doc/1?refresh=true', { one: 1 });
  }, 240_000);

  afterAll(async () => {
    await snapkeep.stop();
    await rm(elsewhere, { recursive: true, force: true });
  });

  it('are refused for a type that only the language knows', async () => {
    for (const type of ['toString', 'constructor', '__proto__']) {
      const answer = await snapkeep.call('PUT', '/_snapshot/odd', { type, settings: {} });
      expect(answer).toMatchObject({ status: 400, json: { error: { type: 'repository_exception' } } });
    }
  });

  it('of a folder that is not the same for front door and worker are refused, and leave nothing', async () => {
    const answer = await snapkeep.call('PUT', '/_snapshot/apart', { type: 'fs', settings: { location: 'here' } });
    expect(answer).toMatchObject({ status: 500, json: { error: { type: 'repository_verification_exception' } } });
    expect(answer.json.error.reason).toContain('do not see the same objects');
    expect((await snapkeep.call('GET', '/_snapshot/apart')).status).toBe(404);
    const left = (await readdir(elsewhere, { recursive: true, withFileTypes: true })).filter((one) => one.isFile());
    expect(left).toEqual([]);
  });

  it('of a shared folder are accepted', async () => {
    const [shared] = (await readdir(elsewhere)).filter((name) => name.startsWith('shared-'));
    const location = path.join(elsewhere, shared, 'here');
    const answer = await snapkeep.call('PUT', '/_snapshot/together', { type: 'fs', settings: { location } });
    expect(answer.json).toEqual({ acknowledged: true });
  });

  describe('while a snapshot is being taken', () => {
    beforeAll(async () => {
      await register('busy', { ...snapkeep.ossSettings('busy'), ...SLOW });
      expect((await snapkeep.call('PUT', '/_snapshot/busy/running', { indices: 'logs' })).status).toBe(200);
    });

    it.each([
      ['move to another base path', () => snapkeep.ossSettings('moved')],
      ['become readonly', () => ({ ...snapkeep.ossSettings('busy'), readonly: true })],
      ['get a wrong key', () => ({ ...snapkeep.ossSettings('busy'), secret_access_key: 'wrong' })],
    ])('may not %s, verified or not', async (_, settings) => {
      for (const more of ['', '?verify=false']) {
        const answer = await register('busy', settings(), more);
        expect(answer).toMatchObject({ status: 409, json: { error: { type: 'repository_exception' } } });
        expect(answer.json.error.reason).toContain('[snapshot running]');
      }
    });

    it('may change rates and get other working credentials', async () => {
      const settings = { ...snapkeep.ossSettings('busy'), ...SLOW, chunk_size: '10mb' };
      expect((await register('busy', settings)).json).toEqual({ acknowledged: true });
    });

    it('are not unregistered', async () => {
      expect((await snapkeep.call('DELETE', '/_snapshot/busy')).status).toBe(409);
      expect(await names(otherDoor, 'busy')).toEqual(['running']);
    });
  });

  it('that moved are used from the next request on, through any front door', async () => {
    await snapkeep.call('DELETE', '/_snapshot/busy/running');
    await register('busy', snapkeep.ossSettings('busy'));
    await snapkeep.call('PUT', '/_snapshot/busy/old?wait_for_completion=true', { indices: 'small' });
    expect(await names(otherDoor, 'busy')).toEqual(['old']);
    for (let round = 0; round < 5; round++) {
      await register('busy', snapkeep.ossSettings('busy-moved'));
      expect(await names(otherDoor, 'busy')).toEqual([]);
      await register('busy', snapkeep.ossSettings('busy'));
      expect(await names(otherDoor, 'busy')).toEqual(['old']);
    }
    await register('busy', snapkeep.ossSettings('busy-moved'));
    await fetch(`${otherDoor}/_snapshot/busy/new?wait_for_completion=true`, { method: 'PUT' });
    expect(await names(snapkeep.url, 'busy')).toEqual(['new']);
    await register('busy', snapkeep.ossSettings('busy'));
    expect(await names(otherDoor, 'busy')).toEqual(['old']);
  });

  it('of a store that is away can be unregistered, and disturb no other', async () => {
    const gone = { ...snapkeep.ossSettings('gone'), endpoint: 'http://127.0.0.1:1' };
    expect((await register('gone', gone, '?verify=false')).status).toBe(200);
    expect((await snapkeep.call('GET', '/_recovery')).status).toBe(200);
    expect(await names(otherDoor, 'busy')).toEqual(['old']);
    expect((await snapkeep.call('DELETE', '/_snapshot/gone')).json).toEqual({ acknowledged: true });
  });

  it('that are readonly are not written to', async () => {
    await register('look', { ...snapkeep.ossSettings('untouched'), readonly: true });
    expect(await names(otherDoor, 'look')).toEqual([]);
    expect((await snapkeep.call('POST', '/_snapshot/look/none/_restore')).json.error.reason).toContain(
      'does not exist',
    );
    await register('same', snapkeep.ossSettings('untouched'));
    await snapkeep.call('PUT', '/_snapshot/same/first?wait_for_completion=true', { indices: 'small' });
    expect(await names(otherDoor, 'look')).toEqual(['first']);
  });

  it('are bounded: one too large is refused, the others keep working', async () => {
    const large = { ...snapkeep.ossSettings('large'), region: 'x' };
    const answer = await snapkeep.call('PUT', '/_snapshot/large', {
      type: 'oss',
      settings: { ...large, security_token: 'y'.repeat(20_000), region: 'oss-cn-hangzhou' },
    });
    expect(answer).toMatchObject({ status: 400, json: { error: { type: 'repository_exception' } } });
    expect(answer.json.error.reason).toContain('[4096] are the most');

    const long = 'y'.repeat(3_600);
    const bulky = { access_key_id: long, secret_access_key: long, security_token: long };
    const statuses = await Promise.all(
      Array.from({ length: 90 }, async (_, i) => {
        const settings = { ...snapkeep.ossSettings(`many-${i}`), ...bulky };
        return (await register(`many-${i}`, settings, '?verify=false')).status;
      }),
    );
    expect(new Set(statuses)).toEqual(new Set([200, 400]));
    const refused = await register('one-more', { ...snapkeep.ossSettings('x'), ...bulky });
    expect(refused.json.error.reason).toContain('unregister one that is not used any more');
    expect((await snapkeep.call('GET', '/_snapshot')).status).toBe(200);
    expect(await names(otherDoor, 'busy')).toEqual(['old']);
    expect((await snapkeep.call('DELETE', '/_snapshot/many-*')).json).toEqual({ acknowledged: true });
    expect((await register('one-more', snapkeep.ossSettings('x'))).json).toEqual({ acknowledged: true });
  });

  it('that are gone leave no ledger running: one per place in use', async () => {
    for (const name of ['first-name', 'second-name']) await register(name, snapkeep.ossSettings('counted'));
    await snapkeep.call('PUT', '/_snapshot/first-name/one?wait_for_completion=true', { indices: 'small' });
    await snapkeep.call('PUT', '/_snapshot/second-name/two?wait_for_completion=true', { indices: 'small' });
    const connection = await Connection.connect({ address: snapkeep.temporal.address });
    try {
      const { workflow } = new Client({ connection });
      const running = async (): Promise<number> =>
        (await workflow.count(`WorkflowType="repositoryWorkflow" AND ExecutionStatus="Running"`)).count;
      const before = await running();
      await snapkeep.call('DELETE', '/_snapshot/first-name');
      expect(await names(snapkeep.url, 'second-name')).toEqual(['one', 'two']);
      await snapkeep.call('DELETE', '/_snapshot/second-name');
      expect(await until(running, (count) => count < before)).toBe(before - 1);
    } finally {
      await connection.close();
    }
  });

  it('survive that somebody terminates the workflow which keeps them', async () => {
    const before = await snapkeep.call('GET', '/_snapshot');
    const connection = await Connection.connect({ address: snapkeep.temporal.address });
    try {
      await new Client({ connection }).workflow.getHandle('repositories').terminate('a test');
    } finally {
      await connection.close();
    }
    expect((await snapkeep.call('GET', '/_snapshot')).json).toEqual(before.json);
    expect((await register('after', snapkeep.ossSettings('after'))).json).toEqual({ acknowledged: true });
    const after = await until(
      () => snapkeep.call('GET', '/_snapshot'),
      ({ json }) => json.after !== undefined,
    );
    expect(after.json).toMatchObject(before.json);
  });
});
