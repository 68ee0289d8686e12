import { type RunningSnapkeep, startSnapkeep, until } from '../support/running-snapkeep';

const NDJSON = { 'content-type': 'application/x-ndjson' };
const SLOW = { max_snapshot_bytes_per_sec: '40kb', compress: false };

describe('GET /_snapkeep/jobs', () => {
  let snapkeep: RunningSnapkeep;

  const jobs = async () => (await snapkeep.call('GET', '/_snapkeep/jobs')).json.jobs;

  beforeAll(async () => {
    snapkeep = await startSnapkeep({ env: { SNAPKEEP_TEMPORAL_UI_URL: 'http://ui.example:8233/' } });
    const text = 'x'.repeat(400);
    const lines = Array.from({ length: 4_000 }, (_, i) => `{"index":{"_id":"${i}"}}\n{"n":${i},"text":"${text}"}\n`);
    await snapkeep.call('POST', '/logs/_bulk?refresh=true', lines.join(''), NDJSON);
    await snapkeep.call('PUT', '/small/_doc/1?refresh=true', { one: 1 });
    await snapkeep.call('PUT', '/_snapshot/r', { type: 'oss', settings: { ...snapkeep.ossSettings('jobs'), ...SLOW } });
  }, 180_000);

  afterAll(async () => {
    await snapkeep.stop();
  });

  it('shows nothing where nothing was asked for', async () => {
    expect(await jobs()).toEqual([]);
  });

  it('shows how far a running snapshot is, by its id too, and links to the UI', async () => {
    await snapkeep.call('PUT', '/_snapshot/r/running', { indices: 'logs' });
    const [job] = await until(jobs, ([one]) => one?.documents?.total === 4_000);
    expect(job).toMatchObject({
      id: 'snapshot/r/running',
      kind: 'snapshot',
      repository: 'r',
      snapshot: 'running',
      state: 'STARTED',
      start_time_in_millis: expect.any(Number),
      percent: expect.any(Number),
      failures: [],
      left_out: [],
      temporal_ui: 'http://ui.example:8233/namespaces/default/workflows/snapshot%2Fr%2Frunning',
    });
    expect(job).not.toHaveProperty('stop_time');
    for (const id of ['snapshot/r/running', 'snapshot%2Fr%2Frunning']) {
      const { json } = await snapkeep.call('GET', `/_snapkeep/jobs/${id}`);
      expect(json).toMatchObject({ id: 'snapshot/r/running', state: 'STARTED' });
    }
  });

  it('shows it without a worker too, but not how far it is', async () => {
    await snapkeep.killWorker();
    const [job] = await jobs();
    expect(job).toMatchObject({ id: 'snapshot/r/running', state: 'STARTED' });
    await snapkeep.startWorker();
    await snapkeep.ready();
  });

  it('shows a restore that ended, with what it did', async () => {
    await snapkeep.call('DELETE', '/_snapshot/r/running');
    await snapkeep.call('PUT', '/_snapshot/r', { type: 'oss', settings: snapkeep.ossSettings('jobs') });
    await snapkeep.call('PUT', '/_snapshot/r/done?wait_for_completion=true', { indices: 'small' });
    const rename = { rename_pattern: '.+', rename_replacement: 'restored' };
    await snapkeep.call('POST', '/_snapshot/r/done/_restore?wait_for_completion=true', rename);
    const shown = await until(jobs, (all) => all.some((one: { kind: string }) => one.kind === 'restore'));
    const restore = shown.find((one: { kind: string }) => one.kind === 'restore');
    expect(restore).toMatchObject({
      repository: 'r',
      snapshot: 'done',
      state: 'SUCCESS',
      documents: { done: 1, total: 1 },
      percent: 100,
      stop_time_in_millis: expect.any(Number),
      failures: [],
      left_out: [],
    });
  });

  it('has no job that never was', async () => {
    expect(await snapkeep.call('GET', '/_snapkeep/jobs/snapshot/r/never')).toMatchObject({
      status: 404,
      json: { error: { type: 'resource_not_found_exception' } },
    });
  });
});
