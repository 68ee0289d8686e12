import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type EmbeddedCluster, startEmbeddedCluster } from '../../packages/embedded-cluster/src';
import { type ClusterProxy, startClusterProxy } from '../support/cluster-proxy';
import { type RunningSnapkeep, startSnapkeep } from '../support/running-snapkeep';

/** What happens to the cluster behind a worker that goes on running. */

let folder: string;
let cluster: EmbeddedCluster;
let proxy: ClusterProxy;
let snapkeep: RunningSnapkeep;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'snapkeep-changing-'));
  cluster = await startEmbeddedCluster({ dataDir: folder, port: 0 });
  const clusterUrl = `http://127.0.0.1:${cluster.port}`;
  proxy = await startClusterProxy(() => clusterUrl);
  snapkeep = await startSnapkeep({ clusterUrl: proxy.url });
  await snapkeep.call('PUT', '/_snapshot/plain', { type: 'oss', settings: snapkeep.ossSettings('changing') });
}, 120_000);
afterAll(async () => {
  await snapkeep?.stop();
  await proxy?.stop();
  await cluster?.close();
  await rm(folder, { recursive: true, force: true });
});
afterEach(() => {
  proxy.intercept = async () => undefined;
  proxy.change = (_, answer) => answer;
});

async function fill(index: string, documents: number): Promise<void> {
  const lines = Array.from({ length: documents }, (_, i) => `{"index":{"_id":"${i}"}}\n{"n":${i}}\n`);
  const written = await snapkeep.call('POST', `/${index}/_bulk?refresh=true`, lines.join(''), {
    'content-type': 'application/x-ndjson',
  });
  expect(written.json).toMatchObject({ errors: false });
}

const snapshot = (name: string, body: object): ReturnType<RunningSnapkeep['call']> =>
  snapkeep.call('PUT', `/_snapshot/plain/${name}?wait_for_completion=true`, body);

it('an upgrade is seen by the next job: in what it asks for, and in what its manifest says', async () => {
  await fill('upgraded', 10);
  const sources: string[] = [];
  let version = '8.19.0';
  proxy.change = ({ target }, answer) => (target === '/' ? answer.replace('"8.19.0"', `"${version}"`) : answer);
  proxy.intercept = async (request) => {
    const source = /"_source":(\{"exclude_vectors":false\}|true)/.exec(request.body)?.[1];
    if (request.target.includes('_search') && source !== undefined) {
      sources.push(source);
      request.body = request.body.replace(`"_source":${source}`, '"_source":true');
    }
    return undefined;
  };
  const before = await snapshot('before', { indices: 'upgraded' });
  expect(before.json.snapshot).toMatchObject({ state: 'SUCCESS', version: '8.19.0' });
  expect(new Set(sources)).toEqual(new Set(['true']));
  sources.length = 0;
  version = '9.2.0';
  await fill('upgraded', 12);
  const after = await snapshot('after', { indices: 'upgraded' });
  expect(after.json.snapshot).toMatchObject({ state: 'SUCCESS', version: '9.2.0' });
  expect(new Set(sources)).toEqual(new Set(['{"exclude_vectors":false}']));
}, 60_000);

/** Snapshots two indices, and deletes one of them before the cluster sees a certain request. */
async function deleteAt(name: string, isMoment: (request: { method: string; target: string }) => boolean) {
  await fill('doomed', 10);
  await fill('staying', 10);
  proxy.intercept = async (request) => {
    if (isMoment(request)) await fetch(`http://127.0.0.1:${cluster.port}/doomed`, { method: 'DELETE' });
    return undefined;
  };
  const taken = await snapshot(name, { indices: 'doomed,staying', partial: true });
  return taken.json?.snapshot ?? taken.text;
}

it('an index that is deleted before it was read fails alone and at once, with its reason', async () => {
  const started = Date.now();
  const isOpened = ({ method, target }: { method: string; target: string }): boolean =>
    method === 'POST' && target.startsWith('/doomed/_pit');
  expect(await deleteAt('before-it-was-read', isOpened)).toMatchObject({
    state: 'PARTIAL',
    shards: { total: 2, failed: 1, successful: 1 },
    failures: [{ index: 'doomed', reason: expect.stringContaining('no such index [doomed]') }],
  });
  expect(Date.now() - started).toBeLessThan(20_000);
}, 60_000);

it('an index that is deleted after it was read is in the snapshot, as it was at the moment of all shards', async () => {
  const isClosed = ({ method, target }: { method: string; target: string }): boolean =>
    method === 'DELETE' && target.startsWith('/_pit');
  expect(await deleteAt('after-it-was-read', isClosed)).toMatchObject({
    state: 'SUCCESS',
    shards: { total: 2, failed: 0, successful: 2 },
  });
  const { json } = await snapkeep.call('GET', '/_snapkeep/snapshots/plain/after-it-was-read');
  expect(json).toMatchObject({ documents: 20, indices: { doomed: { documents: 10 }, staying: { documents: 10 } } });
  expect(json.moment.spread_in_millis).toBeGreaterThanOrEqual(0);
}, 60_000);

it('a cluster that does not tell its processes apart is asked for proof, and its snapshots stay incremental', async () => {
  await fill('managed', 10);
  let looks = 0;
  proxy.intercept = async (request) => {
    if (request.target.startsWith('/_cluster/state')) {
      return { status: 403, body: '{"error":{"type":"security_exception","reason":"not here"},"status":403}' };
    }
    if (request.target.includes('/managed/_search')) looks++;
    return undefined;
  };
  await snapshot('managed-1', { indices: 'managed' });
  looks = 0;
  await snapshot('managed-2', { indices: 'managed' });
  expect(looks).toBe(1);
  const { json } = await snapkeep.call('GET', '/_snapshot/plain/managed-2/_status');
  expect(json.snapshots[0].stats).toMatchObject({ incremental: { file_count: 0 }, total: { file_count: 1 } });
}, 60_000);
