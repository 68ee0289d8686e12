import { type Answer, type RunningSnapkeep, startSnapkeep } from '../support/running-snapkeep';

const WAIT = '?wait_for_completion=true';

describe('a clone of a snapshot', () => {
  let snapkeep: RunningSnapkeep;

  const clone = (source: string, target: string, body?: object, repository = 'r'): Promise<Answer> =>
    snapkeep.call('PUT', `/_snapshot/${repository}/${source}/_clone/${target}`, body);
  const snapshot = async (name: string): Promise<Record<string, unknown>> =>
    (await snapkeep.call('GET', `/_snapshot/r/${name}`)).json.snapshots[0] as Record<string, unknown>;
  const count = async (index: string): Promise<number> =>
    (await snapkeep.call('GET', `/${index}/_count`)).json.count as number;

  beforeAll(async () => {
    snapkeep = await startSnapkeep();
    await snapkeep.call('PUT', '/_snapshot/r', { type: 'oss', settings: snapkeep.ossSettings('clones') });
    for (const index of ['logs', 'users']) await snapkeep.call('PUT', `/${index}/_doc/1?refresh=true`, { index });
    await snapkeep.call('PUT', `/_snapshot/r/source${WAIT}`, { metadata: { by: 'me' } });
  }, 240_000);

  afterAll(() => snapkeep.stop());

  it('is there when it is answered, holds the chosen indices, and added nothing', async () => {
    expect(await clone('source', 'part', { indices: 'l*' })).toMatchObject({
      status: 200,
      json: { acknowledged: true },
    });
    expect(await snapshot('part')).toMatchObject({ state: 'SUCCESS', indices: ['logs'], metadata: {} });
    const { json } = await snapkeep.call('GET', '/_snapshot/r/part/_status');
    expect(json.snapshots[0].stats).toMatchObject({
      incremental: { file_count: 0, size_in_bytes: 0 },
      total: { file_count: 1 },
    });
  });

  it('resolves date math in its name', async () => {
    await clone('source', encodeURIComponent('<dated-{now/d{yyyy}}>'), { indices: ['*', '-users'] });
    expect(await snapshot(`dated-${new Date().getUTCFullYear()}`)).toMatchObject({ indices: ['logs'] });
  });

  it('restores after its source and what was built on that are deleted and swept', async () => {
    await snapkeep.call('PUT', '/logs/_doc/2?refresh=true', { more: true });
    await snapkeep.call('PUT', `/_snapshot/r/later${WAIT}`);
    await clone('later', 'later-clone', { indices: 'logs' });
    await snapkeep.call('DELETE', '/_snapshot/r/later');
    await snapkeep.call('PUT', '/logs/_doc/3?refresh=true', { more: true });
    await snapkeep.call('PUT', `/_snapshot/r/last${WAIT}`);
    await snapkeep.call('DELETE', '/_snapshot/r/last');
    await snapkeep.call('POST', '/_snapshot/r/_cleanup');
    const rename = { indices: 'logs', rename_pattern: '.+', rename_replacement: 'restored' };
    const { json } = await snapkeep.call('POST', `/_snapshot/r/later-clone/_restore${WAIT}`, rename);
    expect(json.snapshot.shards).toMatchObject({ failed: 0, successful: 1 });
    expect(await count('restored')).toBe(2);
  });

  it('keeps the global state of its source', async () => {
    const template = '/_index_template/of-clones';
    await snapkeep.call('PUT', template, { index_patterns: ['never-*'], template: { settings: {} } });
    await snapkeep.call('PUT', `/_snapshot/r/stateful${WAIT}`, { indices: 'users', include_global_state: true });
    await clone('stateful', 'stateful-clone', { indices: 'users' });
    await snapkeep.call('DELETE', '/_snapshot/r/stateful');
    await snapkeep.call('DELETE', template);
    expect(await snapshot('stateful-clone')).toMatchObject({ include_global_state: true });
    const body = { include_global_state: true, rename_pattern: '.+', rename_replacement: 'with-state' };
    const { status } = await snapkeep.call('POST', `/_snapshot/r/stateful-clone/_restore${WAIT}`, body);
    expect(status).toBe(200);
    expect((await snapkeep.call('GET', template)).status).toBe(200);
  });

  it('of a clone works too', async () => {
    await clone('source', 'again', { indices: '*' });
    await clone('again', 'and-again', { indices: 'users' });
    await snapkeep.call('DELETE', '/_snapshot/r/source,again');
    const rename = { rename_pattern: '.+', rename_replacement: 'restored-users' };
    await snapkeep.call('POST', `/_snapshot/r/and-again/_restore${WAIT}`, rename);
    expect(await count('restored-users')).toBe(1);
    await snapkeep.call('PUT', `/_snapshot/r/source${WAIT}`);
  });

  it('leaves nothing in the bucket when all are deleted', async () => {
    await snapkeep.call('PUT', '/_snapshot/gone', { type: 'oss', settings: snapkeep.ossSettings('clones-gone') });
    await snapkeep.call('PUT', `/_snapshot/gone/one${WAIT}`);
    await clone('one', 'two', { indices: 'logs' }, 'gone');
    await snapkeep.call('DELETE', '/_snapshot/gone/one,two');
    expect((await snapkeep.call('POST', '/_snapshot/gone/_cleanup')).json.results.deleted_blobs).toBe(0);
    expect((await snapkeep.call('GET', '/_snapshot/gone/_all')).json.snapshots).toEqual([]);
  });

  it('exists once, however many ask for it at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => clone('source', 'wanted', { indices: '*' })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 400]));
  });

  it.each([
    [
      'a source that is missing',
      'none',
      'x',
      { indices: '*' },
      404,
      'snapshot_missing_exception',
      '[r:none] is missing',
    ],
    ['a wildcard for the source', 's*', 'x', { indices: '*' }, 404, 'snapshot_missing_exception', '[r:s*] is missing'],
    ['an invalid name', 'source', 'Bad', { indices: '*' }, 400, 'invalid_snapshot_name_exception', 'must be lowercase'],
    [
      'an index that is missing',
      'source',
      'x',
      { indices: 'no' },
      404,
      'index_not_found_exception',
      'no such index [no]',
    ],
    ['no index', 'source', 'x', { indices: 'no*' }, 500, 'snapshot_exception', 'matched requested pattern [no*]'],
    ['an empty list', 'source', 'x', { indices: [] }, 400, 'action_request_validation_exception', 'patterns are empty'],
    ['an empty body', 'source', 'x', {}, 400, 'action_request_validation_exception', 'patterns are empty'],
    ['no body', 'source', 'x', undefined, 400, 'parse_exception', 'request body is required'],
  ])('is refused for %s, as by the engines', async (_, source, target, body, status, type, reason) => {
    const answer = await clone(source, target, body);
    expect(answer).toMatchObject({ status, json: { error: { type } } });
    expect(answer.json.error.reason).toContain(reason);
  });

  it('is refused for a name in use, and leaves that snapshot', async () => {
    const answer = await clone('source', 'part', { indices: '*' });
    expect(answer.status).toBe(400);
    expect(answer.json.error.reason).toBe(
      '[r:part] Invalid snapshot name [part], snapshot with the same name already exists',
    );
    expect(await snapshot('part')).toMatchObject({ indices: ['logs'] });
  });
});
