import { type RunningSnapkeep, startSnapkeep, until } from '../support/running-snapkeep';

/** Ms within which a caller hears that something is down. */
const PROMISED_MS = 5_000;

describe('when a part is down', () => {
  let snapkeep: RunningSnapkeep;

  beforeAll(async () => {
    snapkeep = await startSnapkeep();
    await snapkeep.call('PUT', '/_snapshot/backup', { type: 'oss', settings: snapkeep.ossSettings('outages') });
    await snapkeep.call('PUT', '/logs/_doc/1?refresh=true', { message: 'one' });
    await snapkeep.call('PUT', '/_snapshot/backup/first?wait_for_completion=true');
  }, 120_000);

  afterAll(async () => {
    await snapkeep.stop();
  });

  const expectDown = async (method: string, target: string, type: string, body?: unknown): Promise<void> => {
    const answer = await snapkeep.call(method, target, body);
    expect({ status: answer.status, type: answer.json?.error.type }).toEqual({ status: 503, type });
    expect(answer.json).toMatchObject({ error: { root_cause: [{ type }] }, status: 503 });
    expect(answer.millis).toBeLessThan(PROMISED_MS);
  };

  it('says that no worker answers, starts nothing, and goes on when one is back', async () => {
    await snapkeep.killWorker();
    await expectDown('PUT', '/_snapshot/backup/second', 'worker_unavailable_exception');
    await expectDown('POST', '/_snapshot/backup/first/_restore', 'worker_unavailable_exception');
    await expectDown('DELETE', '/_snapshot/backup/first', 'worker_unavailable_exception');
    for (const target of ['/_snapshot', '/_snapshot/backup/_all', '/_snapshot/backup/first/_status', '/_recovery']) {
      expect(await snapkeep.call('GET', target)).toMatchObject({ status: 200 });
    }
    const health = await snapkeep.call('GET', '/_snapkeep/health');
    expect(health.status).toBe(503);
    expect(health.json.components).toMatchObject({
      temporal: { status: 'up' },
      worker: { status: 'down' },
      cluster: { status: 'up' },
    });
    expect((await snapkeep.call('GET', '/logs/_doc/1')).status).toBe(200);

    await snapkeep.startWorker();
    await snapkeep.ready();
    const listed = await snapkeep.call('GET', '/_snapshot/backup/_all');
    expect(listed.json.snapshots.map((one: { snapshot: string }) => one.snapshot)).toEqual(['first']);
    expect((await snapkeep.call('PUT', '/_snapshot/backup/second?wait_for_completion=true')).status).toBe(200);
    await snapkeep.call('DELETE', '/_snapshot/backup/second');
  });

  it('takes back a snapshot that was asked for while the worker died', async () => {
    // The registration is known here, so that the job itself is what meets no worker.
    const asked = snapkeep.call('PUT', '/_snapshot/backup/second');
    await snapkeep.killWorker();
    const answer = await asked;
    expect([200, 503]).toContain(answer.status);
    expect(answer.millis).toBeLessThan(PROMISED_MS);
    await snapkeep.startWorker();
    await snapkeep.ready();
    // Whether the worker answered before it died is up to the moment; what was answered must come true.
    const names = answer.status === 200 ? ['first', 'second'] : ['first'];
    const again = await until(
      () => snapkeep.call('GET', '/_snapshot/backup/_all'),
      ({ json }) =>
        json.snapshots.length === names.length &&
        json.snapshots.every(({ state }: { state: string }) => state === 'SUCCESS'),
    );
    expect(again.json.snapshots.map(({ snapshot }: { snapshot: string }) => snapshot)).toEqual(names);
    await snapkeep.call('DELETE', '/_snapshot/backup/second');
  });

  it('says that the cluster is down, for its own requests and for those it passes on', async () => {
    await snapkeep.killCluster();
    await expectDown('GET', '/logs/_search', 'cluster_unavailable_exception');
    await expectDown('PUT', '/logs/_doc/2', 'cluster_unavailable_exception', { message: 'two' });
    await expectDown('PUT', '/_snapshot/backup/third', 'cluster_unavailable_exception');
    await expectDown('GET', '/_recovery', 'cluster_unavailable_exception');
    expect((await snapkeep.call('GET', '/_snapshot/backup/first')).status).toBe(200);
    await snapkeep.startCluster();
    await snapkeep.ready();
    const { json } = await until(
      () => snapkeep.call('GET', '/_snapshot/backup/_all'),
      (answer) => answer.json.snapshots.length === 1,
    );
    expect(json.snapshots[0].snapshot).toBe('first');
    expect((await snapkeep.call('PUT', '/_snapshot/backup/third?wait_for_completion=true')).status).toBe(200);
  });

  it('says that Temporal does not answer, and takes back what was on its way', async () => {
    snapkeep.freezeTemporal();
    try {
      await expectDown('PUT', '/_snapshot/backup/fourth', 'temporal_unavailable_exception');
      await expectDown('GET', '/_snapshot/backup/_all', 'temporal_unavailable_exception');
      expect((await snapkeep.call('GET', '/_snapkeep/health')).json.components.temporal.status).toBe('down');
      // Deleting an index that is not being restored needs nobody but the cluster.
      await snapkeep.call('PUT', '/unrelated/_doc/1', { a: 1 });
      const deleted = await snapkeep.call('DELETE', '/unrelated');
      expect(deleted).toMatchObject({ status: 200, json: { acknowledged: true } });
      expect(deleted.millis).toBeLessThan(PROMISED_MS);
    } finally {
      snapkeep.thawTemporal();
    }
    await snapkeep.ready();
    const { status } = await snapkeep.call('GET', '/_snapshot/backup/fourth');
    expect(status).toBe(404);
  });

  it('keeps a waiting caller waiting while the worker is replaced', async () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `{"index":{}}\n{"n":${i},"text":"${'x'.repeat(200)}"}\n`);
    await snapkeep.call('POST', '/large/_bulk', lines.join(''), { 'content-type': 'application/x-ndjson' });
    const waiting = snapkeep.call('PUT', '/_snapshot/backup/fifth?wait_for_completion=true');
    await until(
      () => snapkeep.call('GET', '/_snapshot/backup/_all'),
      // Its indices are shown once it is planned: then it was accepted, and is no longer taken back.
      ({ json }) =>
        json?.snapshots?.some(
          (one: { snapshot: string; indices: string[] }) => one.snapshot === 'fifth' && one.indices.length > 0,
        ),
    );
    await snapkeep.killWorker();
    await snapkeep.startWorker();
    const { status, json } = await waiting;
    expect(status).toBe(200);
    expect(json.snapshot).toMatchObject({ snapshot: 'fifth', state: 'SUCCESS' });
  });
});
