import { type Answer, type RunningSnapkeep, startSnapkeep, until } from '../support/running-snapkeep';

/** Restores through the front door, on embedded parts: what is refused, what is told, what is left alone. */

const TEST_MS = 240_000;
let snapkeep: RunningSnapkeep;
const call: RunningSnapkeep['call'] = (...args) => snapkeep.call(...args);
const restore = (body: object, repository = 'r', snapshot = 's'): Promise<Answer> =>
  call('POST', `/_snapshot/${repository}/${snapshot}/_restore?wait_for_completion=true`, body);
const renamed = (target: string, more: object = {}): object => ({
  indices: 'source',
  rename_pattern: '(.+)',
  rename_replacement: target,
  ...more,
});
const names = async (): Promise<string[]> => Object.keys((await call('GET', '/_alias?expand_wildcards=all')).json);

beforeAll(async () => {
  snapkeep = await startSnapkeep();
  const settings = snapkeep.ossSettings('restores');
  await call('PUT', '/_snapshot/r', { type: 'oss', settings });
  await call('PUT', '/_snapshot/slow', { type: 'oss', settings: { ...settings, max_restore_bytes_per_sec: '20kb' } });
  await call('PUT', '/source', {
    settings: { number_of_shards: 1, number_of_replicas: 0 },
    aliases: { reader: {}, writer: { is_write_index: true } },
  });
  await fill('source', 3_000);
  await call('PUT', '/taken', { settings: { number_of_replicas: 0 }, aliases: { 'taken-alias': {} } });
  const taken = await call('PUT', '/_snapshot/r/s?wait_for_completion=true', { indices: 'source' });
  expect(taken.json.snapshot.state).toBe('SUCCESS');
}, TEST_MS);
afterAll(() => snapkeep.stop(), TEST_MS);

describe('a restore that cannot be', () => {
  it.each([
    [renamed('UPPER-$1'), 400, 'invalid_index_name_exception', 'must be lowercase'],
    [renamed('z $1'), 400, 'invalid_index_name_exception', 'must not contain'],
    [renamed('x'.repeat(256)), 400, 'invalid_index_name_exception', '256 > 255'],
    [renamed('_x'), 400, 'invalid_index_name_exception', 'must not start with'],
    [renamed('..'), 400, 'invalid_index_name_exception', "must not be '.' or '..'"],
    [renamed('a#b'), 400, 'invalid_index_name_exception', "'#'"],
    [renamed('taken-alias'), 400, 'invalid_index_name_exception', 'already exists as alias'],
    [renamed('taken'), 500, 'snapshot_restore_exception', 'already exists in the cluster'],
    // The settings alone rename nothing: the index is there.
    [{ indices: 'source', rename_pattern: 'source' }, 500, 'snapshot_restore_exception', 'already exists'],
    [
      renamed('new', { rename_alias_pattern: 'reader', rename_alias_replacement: 'taken' }),
      500,
      'snapshot_restore_exception',
      'alias [taken] is the name of an index',
    ],
    [
      renamed('new', { rename_alias_pattern: 'reader', rename_alias_replacement: 'new' }),
      500,
      'snapshot_restore_exception',
      'alias [new] is the name of a restored index',
    ],
    [
      renamed('new', { rename_alias_pattern: 'reader', rename_alias_replacement: 'a b' }),
      400,
      'invalid_alias_name_exception',
      'a b',
    ],
    [
      renamed('new', { index_settings: { 'index.number_of_shards': 3 } }),
      500,
      'snapshot_restore_exception',
      'cannot modify setting',
    ],
    [
      renamed('new', { ignore_index_settings: 'index.uuid' }),
      500,
      'snapshot_restore_exception',
      'cannot remove setting',
    ],
    [
      { indices: 'source', rename_pattern: '(s++)', rename_replacement: 'x' },
      400,
      'illegal_argument_exception',
      'possessive',
    ],
    [{ indices: 'source', rename_pattern: '(s', rename_replacement: 'x' }, 400, 'pattern_syntax_exception', 'unclosed'],
    [
      { indices: 'source', rename_pattern: '(s)', rename_replacement: '$2' },
      400,
      'illegal_argument_exception',
      'No group 2',
    ],
    [{ indices: 'nope' }, 404, 'index_not_found_exception', 'nope'],
  ])('is refused before anything is written: %j', async (body, status, type, reason) => {
    const before = await names();
    const answer = await restore(body);
    expect([answer.status, answer.json.error?.type, answer.json.error?.reason]).toEqual([
      status,
      type,
      expect.stringContaining(reason),
    ]);
    expect(await names()).toEqual(before);
  });

  it('stops nobody, whatever its patterns', async () => {
    const hostile = [
      { indices: '************************x' },
      { indices: 'source', rename_pattern: '(s+)+$', rename_replacement: 'x' },
      { indices: 'source', rename_pattern: '(.*)*(.*)*(.*)*x', rename_replacement: 'x' },
    ];
    for (const body of hostile) await restore(body);
    expect((await call('GET', '/_snapkeep/health')).status).toBe(200);
    expect((await restore(renamed('after-hostile'))).status).toBe(200);
  });
});

describe('a restore', () => {
  it('keeps the write index that the cluster has, and tells', async () => {
    const { status, json } = await restore(renamed('beside'));
    expect([status, json.snapshot]).toEqual([
      200,
      { snapshot: 's', indices: ['beside'], shards: { total: 1, failed: 0, successful: 1 } },
    ]);
    expect(json.left_out).toEqual([
      { index: 'beside', kind: 'alias', name: 'writer.is_write_index', reason: expect.stringContaining('[') },
    ]);
    expect(json).not.toHaveProperty('failures');
    const { json: aliases } = await call('GET', '/source,beside/_alias/writer');
    expect(aliases).toEqual({
      source: { aliases: { writer: { is_write_index: true } } },
      beside: { aliases: { writer: {} } },
    });
  });

  it(
    'keeps what somebody else wrote during it, and tells',
    async () => {
      const answer = restore(renamed('written'), 'slow');
      await until(
        () => call('HEAD', '/written'),
        ({ status }) => status === 200,
      );
      const foreign = { n: 'foreign' };
      await call('PUT', '/written/_doc/2999?version=100&version_type=external', foreign);
      const { status, json } = await answer;
      expect([status, json.snapshot?.shards]).toEqual([200, { total: 1, failed: 0, successful: 1 }]);
      expect(json.left_out).toContainEqual({
        index: 'written',
        kind: 'document',
        name: '2999',
        reason: expect.stringContaining('newer version'),
      });
      expect((await call('GET', '/written/_doc/2999')).json._source).toEqual(foreign);
      expect((await call('GET', '/written/_count')).json.count).toBe(3_000);
    },
    TEST_MS,
  );

  it(
    'leaves nothing half, and says so with a status that scripts see, when its alias is removed',
    async () => {
      const answer = restore(renamed('half'), 'slow');
      const found = await until(
        () => call('GET', '/half/_alias'),
        ({ json }) => Object.keys(json?.half?.aliases ?? {}).length === 1,
      );
      const [alias] = Object.keys(found.json.half.aliases);
      await call('DELETE', `/half/_alias/${alias}`);
      const { status, json } = await answer;
      expect([status, json.error.type, json.error.reason]).toEqual([
        500,
        'snapshot_restore_exception',
        expect.stringContaining('[half] index_not_found_exception'),
      ]);
      expect((await call('HEAD', '/half')).status).toBe(404);
    },
    TEST_MS,
  );

  it(
    'never deletes an index that somebody made again under the name',
    async () => {
      const answer = restore(renamed('again'), 'slow');
      await until(
        () => call('GET', '/again/_alias'),
        ({ json }) => Object.keys(json?.again?.aliases ?? {}).length === 1,
      );
      // Past the front door, which would stop the restore.
      await fetch(`${snapkeep.clusterUrl}/again`, { method: 'DELETE' });
      await fetch(`${snapkeep.clusterUrl}/again`, { method: 'PUT' });
      expect((await answer).status).toBe(500);
      expect((await call('HEAD', '/again')).status).toBe(200);
    },
    TEST_MS,
  );

  it(
    'of many indices is accepted at once, and each of them is there in the end',
    async () => {
      // Groups of 50, of which four run at once: more than that.
      const count = 220;
      for (let i = 0; i < count; i += 20) {
        await Promise.all(
          Array.from({ length: 20 }, (_, k) =>
            call('PUT', `/many-${i + k}`, { settings: { number_of_shards: 1, number_of_replicas: 0 } }),
          ),
        );
      }
      const taken = await call('PUT', '/_snapshot/r/many?wait_for_completion=true', { indices: 'many-*' });
      expect(taken.json.snapshot.state).toBe('SUCCESS');
      const body = { indices: 'many-*', rename_pattern: 'many', rename_replacement: 'restored' };
      const { status, json } = await restore(body, 'r', 'many');
      expect([status, json.snapshot?.shards]).toEqual([200, { total: count, failed: 0, successful: count }]);
      expect(json.snapshot.indices).toHaveLength(count);
      const recovery = await until(
        () => call('GET', '/restored-*/_recovery'),
        ({ status: answered }) => answered === 200,
      );
      expect(Object.keys(recovery.json)).toHaveLength(count);
    },
    TEST_MS,
  );
});

async function fill(index: string, documents: number): Promise<void> {
  const lines = Array.from({ length: documents }, (_, i) => {
    const noise = Array.from({ length: 6 }, (_, k) => ((i * 2654435761 + k * 40503) >>> 0).toString(36)).join('');
    return `{"index":{"_id":"${i}"}}\n{"n":${i},"noise":"${noise}"}\n`;
  });
  await call('POST', `/${index}/_bulk?refresh=true`, lines.join(''), { 'content-type': 'application/x-ndjson' });
}
