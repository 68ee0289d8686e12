import { type RunningSnapkeep, startSnapkeep, until } from '../support/running-snapkeep';

/**
 * Alibaba Cloud's page on snapshots and recovery, call by call, as somebody would type it in who has a cluster behind
 * Snapkeep. Only endpoint and credentials differ; the marks `<1>` are left out, as the page says.
 */
describe('the calls of the documentation', () => {
  let snapkeep: RunningSnapkeep;
  const documents = 120;

  const settings = (more: object) => {
    const { base_path: _, ...own } = snapkeep.ossSettings('');
    return { type: 'oss', settings: { ...own, ...more } };
  };

  beforeAll(async () => {
    snapkeep = await startSnapkeep();
    for (const index of ['index_1', 'index_2', 'index_3']) {
      await snapkeep.call('PUT', `/${index}`, { settings: { number_of_shards: 5, number_of_replicas: 0 } });
      const lines = Array.from(
        { length: documents },
        (_, i) => `{"index":{"_id":"${i}"}}\n{"index":"${index}","number":${i},"long":9007199254740993}\n`,
      );
      const bulk = await snapkeep.call('POST', `/${index}/_bulk?refresh=true`, lines.join(''), {
        'content-type': 'application/x-ndjson',
      });
      expect(bulk.json.errors).toBe(false);
    }
  }, 120_000);

  afterAll(async () => {
    await snapkeep.stop();
  });

  it('creates a repository', async () => {
    const answer = await snapkeep.call('PUT', '/_snapshot/my_backup', settings({ compress: true }));
    expect(answer).toMatchObject({ status: 200, json: { acknowledged: true } });
  });

  it('updates its settings by POST with a trailing slash, with a chunk size and a base path', async () => {
    const change = settings({ chunk_size: '500mb', base_path: 'snapshot/' });
    const answer = await snapkeep.call('POST', '/_snapshot/my_backup/', change);
    expect(answer).toMatchObject({ status: 200, json: { acknowledged: true } });
  });

  it('lists the repositories without their secrets', async () => {
    for (const path of ['/_snapshot', '/_snapshot/my_backup', '/_snapshot/my_backup/']) {
      const { status, json, text } = await snapkeep.call('GET', path);
      expect(status).toBe(200);
      expect(json.my_backup).toMatchObject({ type: 'oss', settings: { bucket: 'snapshots', chunk_size: '500mb' } });
      expect(text).not.toContain('secret');
      expect(text).not.toContain('access_key');
    }
  });

  it('takes a snapshot in the background, which is shown at once', async () => {
    const answer = await snapkeep.call('PUT', '/_snapshot/my_backup/snapshot_1');
    expect(answer).toMatchObject({ status: 200, json: { accepted: true } });
    const byName = await snapkeep.call('GET', '/_snapshot/my_backup/snapshot_1');
    expect(byName.json.snapshots).toHaveLength(1);
    expect(['IN_PROGRESS', 'SUCCESS']).toContain(byName.json.snapshots[0].state);
    const all = await snapkeep.call('GET', '/_snapshot/my_backup/_all');
    expect(all.json.snapshots.map((one: { snapshot: string }) => one.snapshot)).toEqual(['snapshot_1']);
    await until(
      () => snapkeep.call('GET', '/_snapshot/my_backup/snapshot_1'),
      ({ json }) => json.snapshots[0].state === 'SUCCESS',
    );
  });

  it('waits for the snapshot with the blank before wait_for_completion', async () => {
    await snapkeep.call('DELETE', '/_snapshot/my_backup/snapshot_1');
    const answer = await snapkeep.call('PUT', '/_snapshot/my_backup/snapshot_1?%20wait_for_completion=true');
    expect(answer.status).toBe(200);
    expect(answer.json.snapshot).toMatchObject({
      snapshot: 'snapshot_1',
      indices: ['index_1', 'index_2', 'index_3'],
      state: 'SUCCESS',
      failures: [],
      shards: { total: 15, failed: 0, successful: 15 },
    });
  });

  it('takes a snapshot of the named indices only', async () => {
    const answer = await snapkeep.call('PUT', '/_snapshot/my_backup/snapshot_2', { indices: 'index_1,index_2' });
    expect(answer.json).toEqual({ accepted: true });
    const done = await until(
      () => snapkeep.call('GET', '/_snapshot/my_backup/snapshot_2'),
      ({ json }) => json.snapshots[0].state === 'SUCCESS',
    );
    const [snapshot] = done.json.snapshots;
    expect(snapshot).toMatchObject({
      snapshot: 'snapshot_2',
      indices: ['index_1', 'index_2'],
      failures: [],
      shards: { total: 10, failed: 0, successful: 10 },
    });
    expect(snapshot.start_time).toBe(new Date(snapshot.start_time_in_millis).toISOString());
    expect(snapshot.duration_in_millis).toBe(snapshot.end_time_in_millis - snapshot.start_time_in_millis);
  });

  it('lists all snapshots', async () => {
    const { json } = await snapkeep.call('GET', '/_snapshot/my_backup/_all');
    expect(json.snapshots.map((one: { snapshot: string }) => one.snapshot)).toEqual(['snapshot_1', 'snapshot_2']);
  });

  it('deletes a snapshot', async () => {
    expect((await snapkeep.call('DELETE', '/_snapshot/my_backup/snapshot_2')).json).toEqual({ acknowledged: true });
    const { status, json } = await snapkeep.call('GET', '/_snapshot/my_backup/snapshot_2');
    expect(status).toBe(404);
    expect(json.error.type).toBe('snapshot_missing_exception');
  });

  it('shows the progress of a snapshot per index and shard', async () => {
    await snapkeep.call('PUT', '/_snapshot/my_backup/snapshot_3', { indices: 'index_3' });
    const running = await snapkeep.call('GET', '/_snapshot/my_backup/snapshot_3/_status');
    expect(running.status).toBe(200);
    expect(running.json.snapshots[0]).toMatchObject({ snapshot: 'snapshot_3', repository: 'my_backup' });
    const { json } = await until(
      () => snapkeep.call('GET', '/_snapshot/my_backup/snapshot_3/_status'),
      (answer) => answer.json.snapshots[0].state === 'SUCCESS',
    );
    const [status] = json.snapshots;
    const shards = { initializing: 0, started: 0, finalizing: 0, done: 5, failed: 0, total: 5 };
    expect(status.shards_stats).toEqual(shards);
    expect(status.indices.index_3.shards_stats).toEqual(shards);
    expect(Object.keys(status.indices.index_3.shards)).toEqual(['0', '1', '2', '3', '4']);
    expect(status.indices.index_3.shards['0'].stage).toBe('DONE');
    for (const stats of [status.stats, status.indices.index_3.stats, status.indices.index_3.shards['0'].stats]) {
      expect(stats).toMatchObject({
        number_of_files: expect.any(Number),
        processed_files: stats.number_of_files,
        total_size_in_bytes: expect.any(Number),
        processed_size_in_bytes: stats.total_size_in_bytes,
        start_time_in_millis: expect.any(Number),
        time_in_millis: expect.any(Number),
      });
    }
  });

  it('cancels a running snapshot by deleting it', async () => {
    await snapkeep.call('PUT', '/_snapshot/my_backup/snapshot_4');
    expect((await snapkeep.call('DELETE', '/_snapshot/my_backup/snapshot_4')).json).toEqual({ acknowledged: true });
    expect((await snapkeep.call('GET', '/_snapshot/my_backup/snapshot_4')).status).toBe(404);
  });

  it('restores all indices in the background', async () => {
    for (const index of ['index_1', 'index_2', 'index_3']) await snapkeep.call('DELETE', `/${index}`);
    const answer = await snapkeep.call('POST', '/_snapshot/my_backup/snapshot_1/_restore');
    expect(answer).toMatchObject({ status: 200, json: { accepted: true } });
    for (const index of ['index_1', 'index_2', 'index_3']) {
      await until(
        () => snapkeep.call('GET', `/${index}/_recovery`),
        ({ json }) => json[index]?.shards.every((shard: { stage: string }) => shard.stage === 'DONE'),
      );
      expect((await snapkeep.call('GET', `/${index}/_count`)).json.count).toBe(documents);
    }
    const { text } = await snapkeep.call('GET', '/index_1/_doc/7');
    expect(text).toContain('9007199254740993');
  });

  it('restores one index under another name, with [Indices] as the page spells it', async () => {
    const answer = await snapkeep.call('POST', '/_snapshot/my_backup/snapshot_1/_restore', {
      Indices: 'index_1',
      rename_pattern: 'index_(.+)',
      rename_replacement: 'restored_index_$1',
    });
    expect(answer.json).toEqual({ accepted: true });
    await until(
      () => snapkeep.call('GET', '/restored_index_1/_recovery'),
      ({ json }) => json.restored_index_1?.shards.every((shard: { stage: string }) => shard.stage === 'DONE'),
    );
    expect((await snapkeep.call('GET', '/restored_index_1/_count')).json.count).toBe(documents);
    expect((await snapkeep.call('HEAD', '/restored_index_2')).status).toBe(404);
  });

  it('waits for a restore', async () => {
    for (const index of ['index_1', 'index_2', 'index_3']) await snapkeep.call('DELETE', `/${index}`);
    const target = '/_snapshot/my_backup/snapshot_1/_restore?%20wait_for_completion=true';
    const { status, json } = await snapkeep.call('POST', target);
    expect(status).toBe(200);
    expect(json.snapshot.snapshot).toBe('snapshot_1');
    expect([...json.snapshot.indices].sort()).toEqual(['index_1', 'index_2', 'index_3']);
    expect(json.snapshot.shards).toEqual({ total: 15, failed: 0, successful: 15 });
  });

  it('shows recoveries of one index and of all', async () => {
    const one = await snapkeep.call('GET', '/restored_index_1/_recovery');
    expect(Object.keys(one.json)).toEqual(['restored_index_1']);
    const [shard] = one.json.restored_index_1.shards;
    expect(shard).toMatchObject({
      id: 0,
      type: 'SNAPSHOT',
      stage: 'DONE',
      primary: true,
      total_time_in_millis: expect.any(Number),
      source: { repository: 'my_backup', snapshot: 'snapshot_1', index: 'index_1' },
      target: { id: expect.any(String), ip: expect.any(String), name: expect.any(String) },
      index: {
        files: { total: expect.any(Number), reused: 0, recovered: expect.any(Number), percent: '100.0%' },
        bytes: { total: expect.any(Number), reused: 0, recovered: expect.any(Number), percent: '100.0%' },
      },
      translog: { recovered: 0, total_time_in_millis: 0 },
      start: { check_index_time: 0, total_time_in_millis: 0 },
    });
    expect(shard.index.bytes.total).toBeGreaterThan(0);
    const all = await snapkeep.call('GET', '/_recovery/');
    expect(Object.keys(all.json).sort()).toEqual(['index_1', 'index_2', 'index_3', 'restored_index_1']);
  });

  it('shows the snapshots to another installation that registers the same place', async () => {
    const change = settings({ base_path: 'snapshot/' });
    expect((await snapkeep.call('PUT', '/_snapshot/moved_here', change)).status).toBe(200);
    const { json } = await snapkeep.call('GET', '/_snapshot/moved_here/_all');
    expect(json.snapshots.map((one: { snapshot: string }) => one.snapshot)).toEqual(['snapshot_1', 'snapshot_3']);
  });

  it('stops a restore when its index is deleted, and leaves nothing of it', async () => {
    await snapkeep.call('POST', '/_snapshot/my_backup/snapshot_1/_restore', {
      indices: 'index_3',
      rename_pattern: 'index_(.+)',
      rename_replacement: 'restored_index_$1',
    });
    expect((await snapkeep.call('DELETE', '/restored_index_3')).json).toEqual({ acknowledged: true });
    expect((await snapkeep.call('HEAD', '/restored_index_3')).status).toBe(404);
    const recoveries = await snapkeep.call('GET', '/_recovery');
    expect(recoveries.json).not.toHaveProperty('restored_index_3');
  });
});
