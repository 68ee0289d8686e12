import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type EmbeddedCluster, startEmbeddedCluster } from '../../packages/embedded-cluster/src';
import { type RunningSnapkeep, startSnapkeep, until } from '../support/running-snapkeep';
import { basic, type SecuredCluster, startSecuredCluster } from '../support/secured-cluster';

const ANN = { authorization: basic('ann:a') };
const RON = { authorization: basic('ron:r') };
const OUT = { authorization: basic('out:o') };

/** Whole jobs before a cluster that asks who calls, with credentials of Snapkeep's own. */
describe('jobs of callers that the cluster knows', () => {
  let dataDir: string;
  let embedded: EmbeddedCluster;
  let cluster: SecuredCluster;
  let snapkeep: RunningSnapkeep;

  beforeAll(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'snapkeep-secured-'));
    embedded = await startEmbeddedCluster({ dataDir, port: 0 });
    cluster = await startSecuredCluster({
      users: { 'snapkeep:own': 'admin', 'ann:a': 'admin', 'ron:r': 'reader', 'out:o': 'outsider' },
      behind: `http://127.0.0.1:${embedded.port}`,
    });
    snapkeep = await startSnapkeep({
      clusterUrl: cluster.url,
      env: { SNAPKEEP_CLUSTER_USERNAME: 'snapkeep', SNAPKEEP_CLUSTER_PASSWORD: 'own' },
    });
    const lines = Array.from({ length: 2_000 }, (_, i) => `{"index":{}}\n{"n":${i},"text":"${'x'.repeat(200)}"}\n`);
    const ndjson = { ...ANN, 'content-type': 'application/x-ndjson' };
    await snapkeep.call('POST', '/logs/_bulk?refresh=true', lines.join(''), ndjson);
    const settings = { ...snapkeep.ossSettings('secured'), compress: false, max_restore_bytes_per_sec: '60kb' };
    expect((await snapkeep.call('PUT', '/_snapshot/backup', { type: 'oss', settings }, ANN)).status).toBe(200);
    const taken = await snapkeep.call(
      'PUT',
      '/_snapshot/backup/one?wait_for_completion=true',
      { indices: 'logs' },
      ANN,
    );
    expect(taken.json.snapshot).toMatchObject({ state: 'SUCCESS' });
  }, 120_000);

  afterAll(async () => {
    await snapkeep.stop();
    await cluster.stop();
    await embedded.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('are read by who may read, and changed by who may change', async () => {
    const one = '/_snapshot/backup/one';
    expect((await snapkeep.call('GET', one, undefined, RON)).json.snapshots).toHaveLength(1);
    expect((await snapkeep.call('GET', `${one}/_status`, undefined, RON)).status).toBe(200);
    for (const [method, target] of [
      ['PUT', '/_snapshot/backup/two'],
      ['DELETE', one],
      ['POST', `${one}/_restore`],
      ['PUT', '/_snapshot/backup'],
      ['DELETE', '/_snapshot/backup'],
    ] as const) {
      expect((await snapkeep.call(method, target, undefined, RON)).status).toBe(403);
      expect((await snapkeep.call(method, target)).status).toBe(401);
    }
    expect((await snapkeep.call('GET', one)).status).toBe(401);
    expect((await snapkeep.call('GET', one, undefined, ANN)).json.snapshots).toHaveLength(1);
  });

  it('show and stop a restore only for whom the cluster would', async () => {
    const restore = { indices: 'logs', rename_pattern: '.+', rename_replacement: 'slow' };
    expect((await snapkeep.call('POST', '/_snapshot/backup/one/_restore', restore, ANN)).status).toBe(200);
    const running = await until(
      () => snapkeep.call('GET', '/_recovery', undefined, RON),
      ({ json }) => json?.slow?.shards?.[0]?.stage === 'INDEX',
    );
    expect(running.json.slow.shards[0]).toMatchObject({ type: 'SNAPSHOT', source: { repository: 'backup' } });
    expect((await snapkeep.call('GET', '/_recovery')).status).toBe(401);
    // The cluster's own answer to this caller.
    expect((await snapkeep.call('GET', '/_recovery', undefined, OUT)).status).toBe(403);

    for (const target of ['/slow', '/slow,logs']) {
      expect((await snapkeep.call('DELETE', target)).status).toBe(401);
      expect((await snapkeep.call('DELETE', target, undefined, RON)).status).toBe(403);
    }
    expect((await snapkeep.call('GET', '/slow/_recovery', undefined, RON)).json.slow.shards[0].stage).toBe('INDEX');
    expect((await snapkeep.call('HEAD', '/logs', undefined, ANN)).status).toBe(200);

    cluster.seen.length = 0;
    const deleted = await snapkeep.call('DELETE', '/slow', undefined, ANN);
    expect(deleted).toMatchObject({ status: 200, json: { acknowledged: true } });
    expect(cluster.seen.find(({ method, url }) => method === 'DELETE' && url === '/slow')).toMatchObject(ANN);
    await until(
      () => snapkeep.call('GET', '/_recovery', undefined, ANN),
      ({ json }) => json.slow === undefined,
    );
    expect((await snapkeep.call('HEAD', '/slow', undefined, ANN)).status).toBe(404);
  });

  it('leave no trace of anybody’s credentials in what the processes print', () => {
    for (const user of ['snapkeep:own', 'ann:a', 'ron:r']) {
      expect(snapkeep.output()).not.toContain(basic(user).slice('Basic '.length));
    }
  });
});
