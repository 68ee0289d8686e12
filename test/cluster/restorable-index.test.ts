import { finishedIndex, restorableIndex } from '../../src/cluster/writing/restorable-index';
import { failureOf } from './support';

const stored = (settings: object, aliases = '{}') => ({
  name: 'logs',
  settings: JSON.stringify({ index: settings }),
  aliases,
});
const created = (settings: object, request = {}): Record<string, unknown> =>
  JSON.parse(restorableIndex(stored(settings), request).createSettings) as Record<string, unknown>;
const finished = (settings: object, request = {}): Record<string, unknown> => {
  const end = finishedIndex(stored(settings), { includeAliases: false, ...request });
  return Object.fromEntries([...end.settings, ...end.blocks]);
};
const refused = (request: object) => failureOf((async () => restorableIndex(stored({}), request))());

const WHILE_LOADING = {
  'index.refresh_interval': '-1',
  'index.number_of_replicas': '0',
  'index.auto_expand_replicas': 'false',
  'index.translog.durability': 'request',
};

describe('settings of a restored index', () => {
  it('are those of the old one without what only that one was', () => {
    const settings = {
      uuid: 'u',
      creation_date: '1',
      provided_name: 'logs',
      version: { created: '8190000', upgraded: '8190000' },
      history: { uuid: 'h' },
      resize: { source: { name: 'x' } },
      routing: { allocation: { initial_recovery: { _id: 'n' }, include: { _tier_preference: 'data_content' } } },
      verified_before_close: 'true',
      number_of_shards: '3',
      number_of_replicas: '2',
      refresh_interval: '30s',
      analysis: { analyzer: { own: { type: 'custom', tokenizer: 'keyword', filter: ['lowercase', 'trim'] } } },
    };
    expect(created(settings)).toEqual({
      'index.routing.allocation.include._tier_preference': 'data_content',
      'index.number_of_shards': '3',
      'index.analysis.analyzer.own.type': 'custom',
      'index.analysis.analyzer.own.tokenizer': 'keyword',
      'index.analysis.analyzer.own.filter': ['lowercase', 'trim'],
      ...WHILE_LOADING,
    });
    expect(finished(settings)).toEqual({
      'index.refresh_interval': '30s',
      'index.number_of_replicas': '2',
      'index.auto_expand_replicas': null,
      'index.translog.durability': null,
    });
  });

  it('get defaults back where the old index said nothing', () => {
    expect(finished({})).toEqual({
      'index.refresh_interval': null,
      'index.number_of_replicas': '1',
      'index.auto_expand_replicas': null,
      'index.translog.durability': null,
    });
  });

  it('that would block or change the restore are given back at the end', () => {
    const settings = {
      blocks: { write: 'true', read_only_allow_delete: 'true' },
      default_pipeline: 'p',
      final_pipeline: 'q',
    };
    expect(created(settings)).toEqual(WHILE_LOADING);
    expect(finished(settings)).toMatchObject({
      'index.blocks.write': 'true',
      'index.default_pipeline': 'p',
      'index.final_pipeline': 'q',
    });
    expect(finished(settings)).not.toHaveProperty(['index.blocks.read_only_allow_delete']);
  });

  it('that cannot be kept are reported', () => {
    const { dropped } = restorableIndex(
      stored({
        blocks: { read_only: 'true', metadata: 'true' },
        store: { type: 'snapshot', snapshot: { repository_name: 'r' } },
      }),
      {},
    );
    expect(dropped.map(({ name }) => name)).toEqual([
      'index.blocks.metadata',
      'index.store.type',
      'index.store.snapshot.repository_name',
      'index.blocks.read_only',
    ]);
    expect(finished({ blocks: { read_only: 'true' } })).toMatchObject({ 'index.blocks.write': 'true' });
    expect(created({ store: { type: 'hybridfs' } })).toMatchObject({ 'index.store.type': 'hybridfs' });
  });

  it('change as the request says, with or without the prefix', () => {
    const settings = {
      number_of_replicas: '1',
      codec: 'best_compression',
      search: { slowlog: { level: 'info', other: '1' } },
    };
    const request = {
      indexSettings: '{"index.number_of_replicas":4,"codec":"default","refresh_interval":"9s"}',
      ignoreIndexSettings: ['index.search.slowlog.*'],
    };
    expect(created(settings, request)).toEqual({ 'index.codec': 'default', ...WHILE_LOADING });
    expect(finished(settings, request)).toMatchObject({
      'index.number_of_replicas': 4,
      'index.refresh_interval': '9s',
    });
  });

  it('refuse the changes that Elasticsearch refuses', async () => {
    expect(await refused({ indexSettings: '{"index.number_of_shards":2}' })).toMatchObject({
      code: 'snapshot_restore_exception',
      message: '[logs] cannot modify setting [index.number_of_shards] on restore',
    });
    expect((await refused({ indexSettings: '{"sort.field":"a"}' })).message).toContain('cannot modify setting');
    expect((await refused({ indexSettings: '{"index.soft_deletes.enabled":false}' })).message).toBe(
      '[logs] cannot disable setting [index.soft_deletes.enabled] on restore',
    );
    expect((await refused({ ignoreIndexSettings: ['number_of_replicas'] })).message).toBe(
      '[logs] cannot remove setting [index.number_of_replicas] on restore',
    );
    expect((await refused({ indexSettings: '[1]' })).code).toBe('parse_exception');
    expect((await refused({ indexSettings: '{' })).code).toBe('parse_exception');
    expect(created({ number_of_shards: '2' }, { ignoreIndexSettings: ['*'] })).toEqual({
      'index.number_of_shards': '2',
      ...WHILE_LOADING,
    });
  });
});

describe('aliases of a restored index', () => {
  const aliases = '{"plain":{ },"big":{"filter":{"term":{"n":9223372036854775807}},"is_write_index":true}}';
  const restored = (request = {}) => finishedIndex(stored({}, aliases), { includeAliases: true, ...request }).aliases;

  it('are those of the old one, byte for byte', () => {
    expect(restored()).toEqual([
      { name: 'plain', definition: '{ }' },
      { name: 'big', definition: '{"filter":{"term":{"n":9223372036854775807}},"is_write_index":true}' },
    ]);
  });

  it('are renamed, or left out, as the request says', () => {
    expect(restored({ renameAliasPattern: '(.+)', renameAliasReplacement: 'old-$1' })[0].name).toBe('old-plain');
    expect(restored({ includeAliases: false })).toEqual([]);
  });
});
