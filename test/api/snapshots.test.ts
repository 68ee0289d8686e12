import { type RunningSnapkeep, startSnapkeep, until } from '../support/running-snapkeep';

const NDJSON = { 'content-type': 'application/x-ndjson' };
/** So slow that a test can look at what is going on. */
const SLOW = { max_snapshot_bytes_per_sec: '40kb', max_restore_bytes_per_sec: '100kb', compress: false };

describe('the snapshot API', () => {
  let snapkeep: RunningSnapkeep;

  const names = async (target: string): Promise<string[]> => {
    const { json } = await snapkeep.call('GET', target);
    return json.snapshots.map((one: { snapshot: string }) => one.snapshot);
  };
  const refusal = async (method: string, target: string, body?: unknown): Promise<object> => {
    const { status, json } = await snapkeep.call(method, target, body);
    return { status, type: json.error.type, reason: json.error.reason };
  };
  const exists = async (index: string): Promise<boolean> => (await snapkeep.call('HEAD', `/${index}`)).status === 200;

  beforeAll(async () => {
    snapkeep = await startSnapkeep();
    const text = 'x'.repeat(400);
    for (const index of ['logs', 'metrics']) {
      await snapkeep.call('PUT', `/${index}`, {
        settings: { number_of_shards: index === 'logs' ? 10 : 2, number_of_replicas: 0 },
      });
      const lines = Array.from({ length: 2_000 }, (_, i) => `{"index":{"_id":"${i}"}}\n{"n":${i},"text":"${text}"}\n`);
      await snapkeep.call('POST', `/${index}/_bulk?refresh=true`, lines.join(''), NDJSON);
    }
    await snapkeep.call('PUT', '/_snapshot/backup', { type: 'fs', settings: { location: 'backup' } });
    await snapkeep.call('PUT', '/_snapshot/slow', {
      type: 'oss',
      settings: { ...snapkeep.ossSettings('slow'), ...SLOW },
    });
    const metadata = '{"taken_by": "me", "ticket": 9007199254740993, "n": 1.0}';
    await snapkeep.call('PUT', '/_snapshot/backup/first?wait_for_completion', `{"metadata": ${metadata}}`);
    await snapkeep.call('PUT', '/_snapshot/backup/second?wait_for_completion', { indices: ['logs'] });
    await snapkeep.call('PUT', '/_snapshot/backup/third?wait_for_completion', { indices: '*,-logs' });
  }, 180_000);

  afterAll(async () => {
    await snapkeep.stop();
  });

  describe('names', () => {
    it('are refused as the cluster behind refuses one that is in use', async () => {
      expect(await refusal('PUT', '/_snapshot/backup/first')).toEqual({
        status: 400,
        type: 'snapshot_name_already_in_use_exception',
        reason: '[backup:first] Invalid snapshot name [first], snapshot with the same name already exists',
      });
      expect(await names('/_snapshot/backup/_all')).toEqual(['first', 'second', 'third']);
    });

    it('are refused in the words of Elasticsearch when they are none', async () => {
      expect(await refusal('PUT', '/_snapshot/backup/First')).toEqual({
        status: 400,
        type: 'invalid_snapshot_name_exception',
        reason: '[backup:First] Invalid snapshot name [First], must be lowercase',
      });
    });

    it('may hold date math', async () => {
      const before = new Date();
      const target = `/_snapshot/backup/${encodeURIComponent('<nightly-{now/d{yyyy-MM-dd}}>')}?wait_for_completion=true`;
      const { json } = await snapkeep.call('PUT', target);
      const days = [before, new Date()].map((date) => `nightly-${date.toISOString().slice(0, 10)}`);
      expect(days).toContain(json.snapshot.snapshot);
      await snapkeep.call('DELETE', `/_snapshot/backup/${json.snapshot.snapshot}`);
    });

    it('of repositories that are not registered are missing', async () => {
      const missing = { status: 404, type: 'repository_missing_exception', reason: '[nowhere] missing' };
      expect(await refusal('GET', '/_snapshot/nowhere')).toEqual(missing);
      expect(await refusal('DELETE', '/_snapshot/nowhere')).toEqual(missing);
      expect(await refusal('PUT', '/_snapshot/nowhere/snap')).toEqual(missing);
      expect(await refusal('GET', '/_snapshot/nowhere/_all')).toEqual(missing);
      expect(await refusal('POST', '/_snapshot/nowhere/snap/_restore')).toEqual(missing);
    });
  });

  describe('lists', () => {
    it.each([
      ['/_snapshot/backup/*', ['first', 'second', 'third']],
      ['/_snapshot/backup/*ir*', ['first', 'third']],
      ['/_snapshot/backup/*,-second', ['first', 'third']],
      ['/_snapshot/backup/third,first', ['first', 'third']],
      ['/_snapshot/backup/first,gone?ignore_unavailable=true', ['first']],
      ['/_snapshot/backup/_current', []],
      ['/_snapshot/*/_all', ['first', 'second', 'third']],
      ['/_snapshot/backup,slow/f*', ['first']],
      ['/_snapshot/backup/_all?order=desc&size=2', ['third', 'second']],
      ['/_snapshot/backup/_all?sort=index_count&order=desc&size=1', ['first']],
    ])('GET %s shows %j', async (target, expected) => {
      expect(await names(target)).toEqual(expected);
    });

    it('lead from page to page', async () => {
      const first = await snapkeep.call('GET', '/_snapshot/backup/_all?size=2');
      expect(first.json).toMatchObject({ total: 3, remaining: 1, next: expect.any(String) });
      expect(await names(`/_snapshot/backup/_all?size=2&after=${first.json.next}`)).toEqual(['third']);
    });

    it('miss a snapshot that is not there', async () => {
      expect(await refusal('GET', '/_snapshot/backup/first,gone')).toEqual({
        status: 404,
        type: 'snapshot_missing_exception',
        reason: '[backup:gone] is missing',
      });
    });

    it('return metadata as it was given', async () => {
      const { text } = await snapkeep.call('GET', '/_snapshot/backup/first');
      expect(text).toContain('"metadata":{"taken_by": "me", "ticket": 9007199254740993, "n": 1.0}');
    });

    it('show the indices that were chosen', async () => {
      const { json } = await snapkeep.call('GET', '/_snapshot/backup/third?index_details=true');
      expect(json.snapshots[0].indices).toEqual(['metrics']);
      expect(json.snapshots[0].index_details.metrics).toMatchObject({
        shard_count: 2,
        size_in_bytes: expect.any(Number),
      });
    });

    it('tell Elasticsearch’s clients that they are talked to by one', async () => {
      const { headers } = await snapkeep.call('GET', '/_snapshot');
      const own = await fetch(snapkeep.clusterUrl);
      expect(headers.get('x-elastic-product')).toBe(own.headers.get('x-elastic-product'));
    });
  });

  describe('a running snapshot', () => {
    const target = '/_snapshot/slow/running';

    beforeAll(async () => {
      expect((await snapkeep.call('PUT', target, { indices: 'logs' })).json).toEqual({ accepted: true });
    });

    it('is listed as being in progress, with the time it has been running', async () => {
      const { json } = await snapkeep.call('GET', target);
      expect(json.snapshots[0]).toMatchObject({
        snapshot: 'running',
        repository: 'slow',
        state: 'IN_PROGRESS',
        indices: ['logs'],
        shards: { total: 10, failed: 0 },
      });
      expect(json.snapshots[0].duration_in_millis).toBeGreaterThan(0);
      expect(await names('/_snapshot/slow/_current')).toEqual(['running']);
    });

    it('keeps its name to itself', async () => {
      expect(await refusal('PUT', target)).toEqual({
        status: 400,
        type: 'snapshot_name_already_in_use_exception',
        reason: '[slow:running] Invalid snapshot name [running], snapshot with the same name is already in-progress',
      });
    });

    it('keeps its repository from being moved or unregistered, while its credentials may change', async () => {
      const settings = { ...snapkeep.ossSettings('slow'), ...SLOW };
      const inUse = { status: 409, type: 'repository_exception' };
      const moved = { type: 'oss', settings: { ...settings, base_path: 'elsewhere' } };
      expect(await refusal('PUT', '/_snapshot/slow', moved)).toMatchObject(inUse);
      expect(await refusal('DELETE', '/_snapshot/slow')).toMatchObject(inUse);
      expect((await snapkeep.call('PUT', '/_snapshot/slow', { type: 'oss', settings })).status).toBe(200);
    });

    it('shows its progress, which grows', async () => {
      const processed = async (): Promise<number> => {
        const { json } = await snapkeep.call('GET', '/_snapshot/_status');
        expect(json.snapshots).toHaveLength(1);
        const [status] = json.snapshots;
        expect(status).toMatchObject({ snapshot: 'running', repository: 'slow', state: 'IN_PROGRESS' });
        expect(status.shards_stats.total).toBe(10);
        expect(Object.keys(status.indices)).toEqual(['logs']);
        expect(status.stats.processed.size_in_bytes).toBeLessThanOrEqual(status.stats.incremental.size_in_bytes);
        return status.stats.processed_size_in_bytes as number;
      };
      const first = await until(processed, (bytes) => bytes > 0);
      await until(processed, (bytes) => bytes > first);
      for (const path of ['/_snapshot/slow/_status', `${target}/_status`, `${target}/logs/_status`]) {
        expect((await snapkeep.call('GET', path)).json.snapshots[0].snapshot).toBe('running');
      }
      expect(await refusal('GET', `${target}/nothing/_status`)).toMatchObject({ type: 'index_not_found_exception' });
    });

    it('is cancelled by deleting it, leaves nothing, and tells those who waited', async () => {
      await snapkeep.call('DELETE', target);
      const waiting = snapkeep.call('PUT', `${target}?wait_for_completion=true`, { indices: 'logs' });
      await until(
        () => snapkeep.call('GET', `${target}/_status`),
        ({ json }) => json.snapshots?.[0]?.shards_stats.started > 0,
      );
      expect((await snapkeep.call('DELETE', target)).json).toEqual({ acknowledged: true });
      expect((await snapkeep.call('GET', target)).status).toBe(404);
      const told = await waiting;
      expect(told).toMatchObject({
        status: 500,
        json: { error: { type: 'snapshot_exception', reason: '[slow:running] Snapshot was aborted by deletion' } },
      });
      expect((await snapkeep.call('GET', '/_snapshot/slow/_all')).json.snapshots).toEqual([]);
    });
  });

  describe('deleting', () => {
    it('takes wildcards and lists, and does nothing when one name is missing', async () => {
      for (const name of ['old-1', 'old-2', 'keep-1']) {
        await snapkeep.call('PUT', `/_snapshot/backup/${name}?wait_for_completion=true`);
      }
      expect(await refusal('DELETE', '/_snapshot/backup/old-1,gone')).toMatchObject({
        status: 404,
        type: 'snapshot_missing_exception',
      });
      expect(await names('/_snapshot/backup/old-*')).toEqual(['old-1', 'old-2']);
      expect((await snapkeep.call('DELETE', '/_snapshot/backup/old-*,keep-1')).json).toEqual({ acknowledged: true });
      expect(await names('/_snapshot/backup/_all')).toEqual(['first', 'second', 'third']);
      expect((await snapkeep.call('DELETE', '/_snapshot/backup/old-*')).json).toEqual({ acknowledged: true });
    });

    it('answers as soon as the snapshot is gone from the catalogue when told not to wait', async () => {
      await snapkeep.call('PUT', '/_snapshot/backup/brief?wait_for_completion=true');
      const { json } = await snapkeep.call('DELETE', '/_snapshot/backup/brief?wait_for_completion=false');
      expect(json).toEqual({ acknowledged: true });
      expect((await snapkeep.call('GET', '/_snapshot/backup/brief')).status).toBe(404);
    });
  });

  describe('restoring', () => {
    it.each([
      [
        'first',
        {},
        500,
        'snapshot_restore_exception',
        'cannot restore index [logs] because an open index with same name',
      ],
      ['gone', {}, 500, 'snapshot_restore_exception', '[backup:gone] snapshot does not exist'],
      ['first', { indices: 'nothing' }, 404, 'index_not_found_exception', 'no such index [nothing]'],
    ])('%s with %j is refused', async (snapshot, body, status, type, reason) => {
      const answer = await refusal('POST', `/_snapshot/backup/${snapshot}/_restore`, body);
      expect(answer).toEqual({ status, type, reason: expect.stringContaining(reason) });
    });

    it('shows as a recovery from the snapshot until somebody makes another index of that name', async () => {
      const body = { indices: 'logs', rename_pattern: '(.+)', rename_replacement: 'copy_of_$1' };
      const done = await snapkeep.call('POST', '/_snapshot/backup/first/_restore?wait_for_completion=true', body);
      expect(done.json).toEqual({
        snapshot: { snapshot: 'first', indices: ['copy_of_logs'], shards: { total: 10, failed: 0, successful: 10 } },
      });
      const recovery = await snapkeep.call('GET', '/copy_*/_recovery?human');
      expect(recovery.json.copy_of_logs.shards[0]).toMatchObject({ type: 'SNAPSHOT', stage: 'DONE' });
      expect(recovery.json.copy_of_logs.shards[0].index.size.total).toMatch(/b$/);
      expect((await snapkeep.call('GET', '/_recovery?active_only=true')).json).toEqual({});

      await snapkeep.call('DELETE', '/copy_of_logs');
      expect((await snapkeep.call('GET', '/_recovery')).json).not.toHaveProperty('copy_of_logs');
      // An index counts as created again only beyond the tolerance between clocks (CLOCK_TOLERANCE_MS, 500 ms).
      await new Promise((resolve) => setTimeout(resolve, 600));
      await snapkeep.call('PUT', '/copy_of_logs');
      const again = await snapkeep.call('GET', '/copy_of_logs/_recovery');
      expect(again.json.copy_of_logs.shards[0].type).not.toBe('SNAPSHOT');
      await snapkeep.call('DELETE', '/copy_of_logs');
    });

    it('is stopped for the one index that is deleted, the others go on', async () => {
      const settings = { ...snapkeep.ossSettings('slow'), compress: false };
      await snapkeep.call('PUT', '/_snapshot/slow', { type: 'oss', settings });
      await snapkeep.call('PUT', '/_snapshot/slow/all?wait_for_completion=true');
      await snapkeep.call('PUT', '/_snapshot/slow', { type: 'oss', settings: { ...settings, ...SLOW } });
      await snapkeep.call('PUT', '/bystander');
      const body = { indices: 'logs,metrics', rename_pattern: '(.+)', rename_replacement: 'r_$1' };
      const waiting = snapkeep.call('POST', '/_snapshot/slow/all/_restore?wait_for_completion=true', body);
      const started = await until(
        () => snapkeep.call('GET', '/r_logs/_recovery'),
        ({ json }) => json?.r_logs?.shards[0]?.stage === 'INDEX',
      );
      expect(started.json.r_logs.shards[0]).toMatchObject({
        type: 'SNAPSHOT',
        source: { repository: 'slow', snapshot: 'all', index: 'logs' },
        index: { size: { recovered_in_bytes: expect.any(Number) } },
      });
      expect((await snapkeep.call('GET', '/_recovery?active_only=true')).json).toHaveProperty('r_logs');
      expect((await snapkeep.call('DELETE', '/r_logs,bystander')).json).toEqual({ acknowledged: true });
      expect(await exists('r_logs')).toBe(false);
      expect(await exists('bystander')).toBe(false);
      await snapkeep.call('PUT', '/_snapshot/slow', { type: 'oss', settings });
      const { json } = await waiting;
      expect(json.snapshot).toMatchObject({ indices: ['r_metrics'], shards: { total: 12, failed: 10, successful: 2 } });
      expect((await snapkeep.call('GET', '/r_metrics/_count')).json.count).toBe(2_000);
      expect(await exists('r_logs')).toBe(false);
    });
  });
});
