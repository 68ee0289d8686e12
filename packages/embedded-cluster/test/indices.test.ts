import { startTestCluster, type TestCluster } from './support';

let test_: TestCluster;
beforeAll(async () => {
  test_ = await startTestCluster();
});
afterAll(() => test_.stop());

const call = (...args: Parameters<TestCluster['call']>) => test_.call(...args);

describe('the root', () => {
  it('says that it is Elasticsearch 8.19 and keeps its cluster uuid over a restart', async () => {
    const before = await call('GET', '/');
    expect(before.json).toMatchObject({
      version: { number: '8.19.0', build_flavor: 'default' },
      tagline: 'You Know, for Search',
    });
    expect(before.headers['x-elastic-product']).toBe('Elasticsearch');
    await test_.restart();
    expect((await call('GET', '/')).json.cluster_uuid).toBe(before.json.cluster_uuid);
  });

  it('answers in the versioned media type to a client that asks for it, and refuses half a request for it', async () => {
    const type = 'application/vnd.elasticsearch+json; compatible-with=8';
    const both = await call('POST', '/_search', {}, { accept: type, 'content-type': type });
    expect(both.status).toBe(200);
    expect(both.headers['content-type']).toBe('application/vnd.elasticsearch+json;compatible-with=8');
    const half = await call('POST', '/_search', {}, { 'content-type': type });
    expect(half).toMatchObject({ status: 400, json: { error: { type: 'media_type_header_exception' } } });
    expect((await call('POST', '/_search', '{}', { 'content-type': 'text/plain' })).status).toBe(406);
  });
});

describe('creating an index', () => {
  it('keeps a setting by the name of what every object has, and changes no object by it', async () => {
    const body = '{"settings":{"index.analysis.filter.__proto__.type":"stop","index.analysis.constructor.type":"x"}}';
    expect((await call('PUT', '/inherited', body)).status).toBe(200);
    const { text } = await call('GET', '/inherited/_settings');
    expect(text).toContain('"__proto__":{"type":"stop"}');
    expect(text).toContain('"constructor":{"type":"x"}');
    expect(({} as { type?: string }).type).toBeUndefined();
    await call('DELETE', '/inherited');
  });

  it('keeps mappings byte for byte, settings as text, and aliases', async () => {
    const mappings =
      '{ "properties": {"price":{"type":"scaled_float","scaling_factor":100.0}}, "_meta":{"big":9007199254740993} }';
    const body = `{"settings":{"number_of_shards":3,"index":{"refresh_interval":"5s"},"index.number_of_replicas":0},"mappings":${mappings},"aliases":{"one":{"routing":"r","is_write_index":true}}}`;
    expect((await call('PUT', '/made', body)).json).toEqual({
      acknowledged: true,
      shards_acknowledged: true,
      index: 'made',
    });
    const shown = await call('GET', '/made');
    expect(shown.text).toContain(mappings);
    expect(shown.json.made.aliases).toEqual({ one: { index_routing: 'r', search_routing: 'r', is_write_index: true } });
    expect(shown.json.made.settings.index).toMatchObject({
      number_of_shards: '3',
      number_of_replicas: '0',
      refresh_interval: '5s',
      provided_name: 'made',
      version: { created: '8536000' },
    });
    expect(shown.json.made.settings.index.uuid).toMatch(/^[\w-]{22}$/);
    const flat = await call('GET', '/made?flat_settings=true');
    expect(flat.json.made.settings['index.number_of_shards']).toBe('3');
    expect((await call('HEAD', '/made')).status).toBe(200);
  });

  it.each([
    ['Upper', 'must be lowercase'],
    ['_x', "must not start with '_', '-', or '+'"],
    ['a%23b', "must not contain '#'"],
    ['a%3Ab', "must not contain ':'"],
    ['a,b', `must not contain the following characters [' ','"','*',',','/','<','>','?','\\','|']`],
    ['a'.repeat(256), 'index name is too long, (256 > 255)'],
  ])('refuses the name %s', async (name, why) => {
    const refused = await call('PUT', `/${name}`);
    expect(refused.status).toBe(400);
    expect(refused.json.error.type).toBe('invalid_index_name_exception');
    expect(refused.json.error.reason).toBe(`Invalid index name [${decodeURIComponent(name)}], ${why}`);
  });

  it('refuses a name in use, unknown and private settings, bad shard counts and unknown keys, leaving nothing', async () => {
    await call('PUT', '/taken', { aliases: { takenalias: {} } });
    expect((await call('PUT', '/taken')).json.error.type).toBe('resource_already_exists_exception');
    expect((await call('PUT', '/takenalias')).json.error.reason).toContain('already exists as alias');
    for (const settings of [{ 'index.foo': 1 }, { 'index.uuid': 'x' }, { index: { creation_date: 1 } }]) {
      const refused = await call('PUT', '/never', { settings });
      expect(refused.status).toBe(400);
      expect(refused.json.error.reason).toMatch(/^unknown setting \[index\./);
    }
    expect((await call('PUT', '/never', { settings: { number_of_shards: 0 } })).json.error.reason).toBe(
      'Failed to parse value [0] for setting [index.number_of_shards] must be >= 1',
    );
    expect((await call('PUT', '/never', { bogus: {} })).json.error.type).toBe('parse_exception');
    expect((await call('HEAD', '/never')).status).toBe(404);
  });
});

describe('index expressions', () => {
  beforeAll(async () => {
    for (const name of ['x-1', 'x-2', 'x-3', 'y-1'])
      await call('PUT', `/${name}`, { aliases: name === 'x-1' ? { xa: {} } : {} });
    await call('POST', '/x-3/_close');
    await call('PUT', '/.hid', { settings: { 'index.hidden': true } });
  });

  const names = async (path: string): Promise<string[]> => Object.keys((await call('GET', path)).json).sort();

  it('takes lists, wildcards, exclusions, aliases and _all', async () => {
    expect(await names('/x-1,y-1')).toEqual(['x-1', 'y-1']);
    expect(await names('/x-*')).toEqual(['x-1', 'x-2']);
    expect(await names('/x-*,-x-2')).toEqual(['x-1']);
    expect(await names('/xa')).toEqual(['x-1']);
    expect(await names('/x-*?expand_wildcards=all')).toEqual(['x-1', 'x-2', 'x-3']);
    expect(await names('/x-*?expand_wildcards=closed')).toEqual(['x-3']);
    expect(await names('/_all/_settings')).toEqual(expect.arrayContaining(['x-1', 'x-2', 'x-3', 'y-1']));
    expect(await names('/*')).not.toContain('.hid');
    expect(await names('/.h*')).toEqual(['.hid']);
  });

  it('answers 404 with the name for what is missing, unless told otherwise', async () => {
    const missing = await call('GET', '/x-1,nope');
    expect(missing.status).toBe(404);
    expect(missing.json.error).toMatchObject({
      type: 'index_not_found_exception',
      reason: 'no such index [nope]',
      index: 'nope',
    });
    expect(await names('/x-1,nope?ignore_unavailable=true')).toEqual(['x-1']);
    expect(await names('/nope*')).toEqual([]);
    expect((await call('GET', '/nope*?allow_no_indices=false')).status).toBe(404);
  });

  it('refuses to read or write a closed index, and takes it up again when it is opened', async () => {
    await call('PUT', '/shut');
    await call('PUT', '/shut/_doc/1', { a: 1 });
    expect((await call('POST', '/shut/_close')).json.indices).toEqual({ shut: { closed: true } });
    for (const refused of [
      await call('GET', '/shut/_search'),
      await call('PUT', '/shut/_doc/1', { a: 2 }),
      await call('GET', '/shut/_doc/1'),
      await call('GET', '/shut/_stats'),
    ]) {
      expect(refused).toMatchObject({ status: 400, json: { error: { type: 'index_closed_exception' } } });
    }
    const bulk = await call('POST', '/shut/_bulk', '{"index":{"_id":"1"}}\n{}\n');
    expect(bulk.json.items[0].index).toMatchObject({ status: 400, error: { type: 'index_closed_exception' } });
    await call('POST', '/shut/_open');
    expect((await call('GET', '/shut/_doc/1')).json._source).toEqual({ a: 1 });
  });
});

describe('mappings and settings', () => {
  it('merges mappings and refuses a change of type', async () => {
    await call('PUT', '/mapped', '{"mappings":{"properties":{"n":{"type":"long","meta":{"v":"1.0"}}}}}');
    await call('PUT', '/mapped/_mapping', { properties: { d: { type: 'date' } } });
    expect((await call('GET', '/mapped/_mapping')).text).toBe(
      '{"mapped":{"mappings":{"properties":{"n":{"type":"long","meta":{"v":"1.0"}},"d":{"type":"date"}}}}}',
    );
    expect((await call('PUT', '/mapped/_mapping', { properties: { n: { type: 'keyword' } } })).json.error.reason).toBe(
      'mapper [n] cannot be changed from type [long] to [keyword]',
    );
  });

  it('changes dynamic settings in both spellings, removes with null, and keeps the others fixed while open', async () => {
    await call('PUT', '/tuned');
    await call('PUT', '/tuned/_settings', { index: { refresh_interval: '9s' }, 'index.priority': 5 });
    const settings = async () => (await call('GET', '/tuned/_settings?flat_settings=true')).json.tuned.settings;
    expect(await settings()).toMatchObject({ 'index.refresh_interval': '9s', 'index.priority': '5' });
    await call('PUT', '/tuned/_settings', { 'index.refresh_interval': null });
    expect(await settings()).not.toHaveProperty(['index.refresh_interval']);
    const fixed = await call('PUT', '/tuned/_settings', { 'index.codec': 'best_compression' });
    expect(fixed.json.error.reason).toMatch(
      /^Can't update non dynamic settings \[\[index\.codec\]\] for open indices \[\[tuned\//,
    );
    await call('POST', '/tuned/_close');
    expect((await call('PUT', '/tuned/_settings', { 'index.codec': 'best_compression' })).status).toBe(200);
    expect((await call('GET', '/tuned/_settings/index.cod*')).json.tuned.settings).toEqual({
      index: { codec: 'best_compression' },
    });
  });
});

describe('aliases', () => {
  it('are added, shown and removed, all actions of a request or none', async () => {
    await call('PUT', '/al-1');
    await call('PUT', '/al-2');
    expect((await call('PUT', '/al-1/_alias/first', { filter: { term: { a: 1 } } })).json.acknowledged).toBe(true);
    const failed = await call('POST', '/_aliases', {
      actions: [{ add: { index: 'al-2', alias: 'second' } }, { remove: { index: 'al-1', alias: 'nope' } }],
    });
    expect(failed).toMatchObject({ status: 404, json: { error: { type: 'aliases_not_found_exception' } } });
    expect((await call('GET', '/_alias/second')).json).toEqual({ error: 'alias [second] missing', status: 404 });
    await call('POST', '/_aliases', {
      actions: [{ add: { indices: ['al-1', 'al-2'], alias: 'both' } }, { remove: { index: 'al-1', alias: 'first' } }],
    });
    expect((await call('GET', '/_alias/both')).json).toEqual({
      'al-1': { aliases: { both: {} } },
      'al-2': { aliases: { both: {} } },
    });
    expect((await call('DELETE', '/al-1/_alias/first')).status).toBe(404);
    await call('POST', '/_aliases', {
      actions: [{ add: { index: 'al-1', alias: 'al-3' } }, { remove_index: { index: 'al-2' } }],
    });
    expect((await call('HEAD', '/al-2')).status).toBe(404);
    expect((await call('GET', '/al-1/_alias')).json).toEqual({ 'al-1': { aliases: { both: {}, 'al-3': {} } } });
  });
});

describe('deleting an index', () => {
  it('needs its name, not an alias or a wildcard', async () => {
    await call('PUT', '/doomed', { aliases: { doomedalias: {} } });
    expect((await call('DELETE', '/doomed*')).json.error.reason).toBe(
      'Wildcard expressions or all indices are not allowed',
    );
    expect((await call('DELETE', '/_all')).status).toBe(400);
    expect((await call('DELETE', '/doomedalias')).json.error.reason).toContain('matches an alias');
    expect((await call('DELETE', '/doomed')).json).toEqual({ acknowledged: true });
    expect((await call('DELETE', '/doomed')).status).toBe(404);
  });

  it('leaves nothing behind for an index of the same name, which is another index', async () => {
    await call('PUT', '/again');
    await call('PUT', '/again/_doc/1', { a: 1 });
    const identity = async () => {
      const { indices } = (await call('GET', '/again/_stats?level=shards')).json;
      return [indices.again.uuid, indices.again.shards['0'][0].commit.user_data.history_uuid];
    };
    const before = await identity();
    await test_.restart();
    expect(await identity()).toEqual(before);
    await call('DELETE', '/again');
    await call('PUT', '/again');
    const after = await identity();
    expect(after[0]).not.toBe(before[0]);
    expect(after[1]).not.toBe(before[1]);
    expect((await call('GET', '/again/_count')).json.count).toBe(0);
    expect((await call('PUT', '/again/_doc/1', { a: 2 })).json).toMatchObject({
      _version: 1,
      _seq_no: 0,
      result: 'created',
    });
  });
});

describe('what is not there', () => {
  it('is refused by name: paths, parameters, methods', async () => {
    expect((await call('GET', '/_ilm/policy')).json).toMatchObject({
      status: 400,
      error: {
        type: 'illegal_argument_exception',
        reason: expect.stringContaining('does not support [GET /_ilm/policy]'),
      },
    });
    expect((await call('GET', '/_search?foo=1')).json.error.reason).toBe(
      'request [/_search] contains unrecognized parameter: [foo]',
    );
    expect((await call('PATCH', '/made')).status).toBe(405);
    expect((await call('PUT', '/')).status).toBe(405);
  });
});
