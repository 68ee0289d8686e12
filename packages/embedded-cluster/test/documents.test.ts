import { ndjson, startTestCluster, type TestCluster } from './support';

let test_: TestCluster;
beforeAll(async () => {
  test_ = await startTestCluster();
  await call('PUT', '/docs', { settings: { number_of_shards: 2, number_of_replicas: 0 } });
});
afterAll(() => test_.stop());

const call = (...args: Parameters<TestCluster['call']>) => test_.call(...args);

describe('single documents', () => {
  it('are created, replaced, read and deleted with versions and sequence numbers', async () => {
    const created = await call('PUT', '/docs/_doc/a%2Fb%20%C3%BC', { n: 1 });
    expect(created.status).toBe(201);
    expect(created.headers['location']).toBe('/docs/_doc/a%2Fb%20%C3%BC');
    expect(created.json).toMatchObject({
      _id: 'a/b ü',
      _version: 1,
      result: 'created',
      _primary_term: 1,
      _shards: { total: 1 },
    });
    const replaced = await call('PUT', '/docs/_doc/a%2Fb%20%C3%BC', { n: 2 });
    expect(replaced.json).toMatchObject({ _version: 2, result: 'updated', _seq_no: created.json._seq_no + 1 });
    expect((await call('GET', '/docs/_doc/a%2Fb%20%C3%BC')).json).toMatchObject({
      found: true,
      _version: 2,
      _source: { n: 2 },
    });
    expect((await call('DELETE', '/docs/_doc/a%2Fb%20%C3%BC')).json).toMatchObject({ result: 'deleted', _version: 3 });
    const gone = await call('GET', '/docs/_doc/a%2Fb%20%C3%BC');
    expect(gone).toMatchObject({ status: 404, json: { _index: 'docs', _id: 'a/b ü', found: false } });
    expect((await call('DELETE', '/docs/_doc/a%2Fb%20%C3%BC')).json).toMatchObject({
      result: 'not_found',
      _version: 4,
    });
    expect((await call('PUT', '/docs/_doc/a%2Fb%20%C3%BC', {})).json).toMatchObject({ result: 'created', _version: 5 });
  });

  it('get an id when they come without one', async () => {
    const ids = new Set<string>();
    for (let i = 0; i < 50; i++) {
      const { status, json } = await call('POST', '/docs/_doc', { i });
      expect(status).toBe(201);
      expect(json._id).toMatch(/^[\w-]{20}$/);
      ids.add(json._id);
    }
    expect(ids.size).toBe(50);
  });

  it('are refused on conflict, in the words of Elasticsearch', async () => {
    await call('PUT', '/docs/_doc/v', { n: 1 });
    const uuid = (await call('GET', '/docs/_settings')).json.docs.settings.index.uuid;
    const conflict = await call('PUT', '/docs/_create/v', { n: 2 });
    expect(conflict.status).toBe(409);
    expect(conflict.json.error).toMatchObject({
      type: 'version_conflict_engine_exception',
      reason: '[v]: version conflict, document already exists (current version [1])',
      index_uuid: uuid,
      index: 'docs',
    });
    expect((await call('PUT', '/docs/_doc/v?op_type=create', {})).status).toBe(409);
    expect((await call('PUT', '/docs/_doc/v?version=5&version_type=external', { n: 5 })).json._version).toBe(5);
    expect((await call('PUT', '/docs/_doc/v?version=5&version_type=external', {})).json.error.reason).toBe(
      '[v]: version conflict, current version [5] is higher or equal to the one provided [5]',
    );
    expect((await call('PUT', '/docs/_doc/v?version=5&version_type=external_gte', { n: 6 })).status).toBe(200);
    expect((await call('PUT', '/docs/_doc/v?version=4&version_type=external_gte', {})).json.error.reason).toBe(
      '[v]: version conflict, current version [5] is higher than the one provided [4]',
    );
    const { _seq_no: seqNo } = (await call('GET', '/docs/_doc/v')).json;
    expect((await call('PUT', `/docs/_doc/v?if_seq_no=${seqNo}&if_primary_term=2`, {})).status).toBe(409);
    expect((await call('PUT', `/docs/_doc/v?if_seq_no=${seqNo}&if_primary_term=1`, { n: 7 })).status).toBe(200);
    expect((await call('PUT', `/docs/_doc/v?if_seq_no=${seqNo}&if_primary_term=1`, {})).status).toBe(409);
    expect((await call('DELETE', '/docs/_doc/none?if_seq_no=3&if_primary_term=1')).json.error.reason).toBe(
      '[none]: version conflict, required seqNo [3], primary term [1]. but no document was found',
    );
    expect((await call('PUT', '/docs/_doc/v?version=9', {})).json.error.type).toBe(
      'action_request_validation_exception',
    );
  });

  it('remember the version of a delete for as long as views may need it', async () => {
    await call('PUT', '/docs/_doc/t?version=10&version_type=external', {});
    await call('DELETE', '/docs/_doc/t?version=20&version_type=external');
    expect((await call('PUT', '/docs/_doc/t?version=15&version_type=external', {})).status).toBe(409);
    expect((await call('PUT', '/docs/_doc/t?version=21&version_type=external', {})).json).toMatchObject({
      result: 'created',
      _version: 21,
    });
  });

  it('keep versions up to the largest long', async () => {
    const answer = await call('PUT', '/docs/_doc/big?version=9223372036854775807&version_type=external', {});
    expect(answer.text).toContain('"_version":9223372036854775807');
    const bulk = await call(
      'POST',
      '/docs/_bulk',
      ndjson('{"index":{"_id":"big2","version":9007199254740993,"version_type":"external"}}', {}),
    );
    expect(bulk.text).toContain('"_version":9007199254740993');
    expect((await call('GET', '/docs/_doc/big2')).text).toContain('"_version":9007199254740993');
  });

  it('follow their routing value, and carry it', async () => {
    await call('PUT', '/docs/_doc/routed?routing=somewhere', { n: 1 });
    expect((await call('GET', '/docs/_doc/routed?routing=somewhere')).json).toMatchObject({
      _routing: 'somewhere',
      found: true,
    });
    const { hits } = (await call('POST', '/docs/_search', { query: { ids: { values: ['routed'] } } })).json.hits;
    expect(hits).toEqual([expect.objectContaining({ _id: 'routed', _routing: 'somewhere' })]);
  });

  it('are updated in part, merging objects and noticing when nothing changes', async () => {
    await call('PUT', '/docs/_doc/u', '{"a":{"x":1.0,"y":[1]},"big":12345678901234567890}');
    const updated = await call('POST', '/docs/_update/u', { doc: { a: { y: [2], z: null } } });
    expect(updated.json).toMatchObject({ result: 'updated', _version: 2 });
    expect((await call('GET', '/docs/_source/u')).text).toBe(
      '{"a":{"x":1.0,"y":[2],"z":null},"big":12345678901234567890}',
    );
    expect((await call('POST', '/docs/_update/u', { doc: { a: { y: [2] } } })).json).toMatchObject({
      result: 'noop',
      _version: 2,
    });
    expect((await call('POST', '/docs/_update/nobody', { doc: {} })).json.error.type).toBe(
      'document_missing_exception',
    );
    const upserted = await call('POST', '/docs/_update/new', { doc: { n: 1 }, doc_as_upsert: true });
    expect(upserted).toMatchObject({ status: 201, json: { result: 'created' } });
    expect((await call('POST', '/docs/_update/u', { script: 'x' })).status).toBe(400);
  });

  it('come back without _source where the mappings switch it off', async () => {
    await call('PUT', '/dark', { mappings: { _source: { enabled: false } } });
    await call('PUT', '/dark/_doc/1', { a: 1 });
    expect((await call('GET', '/dark/_doc/1')).json).toEqual({
      _index: 'dark',
      _id: '1',
      _version: 1,
      _seq_no: 0,
      _primary_term: 1,
      found: true,
    });
    expect((await call('GET', '/dark/_source/1')).json.error.reason).toBe('Source not found [dark]/[1]');
    expect((await call('GET', '/dark/_search')).json.hits.hits).toEqual([{ _index: 'dark', _id: '1', _score: 1 }]);
    expect((await call('POST', '/dark/_update/1', { doc: { a: 2 } })).json.error.type).toBe(
      'document_source_missing_exception',
    );
  });

  it('are found in numbers by _mget, each with its own error', async () => {
    await call('PUT', '/docs/_doc/m', { n: 1 });
    const { docs } = (
      await call('POST', '/_mget', {
        docs: [
          { _index: 'docs', _id: 'm' },
          { _index: 'nope', _id: '1' },
        ],
      })
    ).json;
    expect(docs[0]).toMatchObject({ found: true, _source: { n: 1 } });
    expect(docs[1]).toMatchObject({ _index: 'nope', error: { type: 'index_not_found_exception' } });
    expect(
      (await call('POST', '/docs/_mget', { ids: ['m', 'none'] })).json.docs.map((d: { found: boolean }) => d.found),
    ).toEqual([true, false]);
  });
});

describe('bulk', () => {
  it('answers every item by itself', async () => {
    await call('PUT', '/bulked', { settings: { number_of_replicas: 0 } });
    const body = ndjson(
      { index: { _id: '1' } },
      { n: 1 },
      { create: { _id: '1' } },
      { n: 2 },
      { delete: { _id: 'none' } },
      { update: { _id: '1' } },
      { doc: { n: 3 } },
      { update: { _id: 'none2' } },
      { doc: { n: 3 } },
      { index: { _id: '2', version: 7, version_type: 'external_gte', routing: 'r' } },
      { n: 4 },
      { index: { _id: '3' } },
      '[1]',
      { index: { _id: '3' } },
      '{"a":tru}',
      { index: { _id: '' } },
      {},
    );
    const { json } = await call('POST', '/bulked/_bulk?refresh=true', body);
    expect(json.errors).toBe(true);
    const outcome = json.items.map(
      (item: Record<string, { status: number; result?: string; error?: { type: string } }>) => {
        const [action, entry] = Object.entries(item)[0]!;
        return [action, entry.status, entry.result ?? entry.error?.type];
      },
    );
    expect(outcome).toEqual([
      ['index', 201, 'created'],
      ['create', 409, 'version_conflict_engine_exception'],
      ['delete', 404, 'not_found'],
      ['update', 200, 'updated'],
      ['update', 404, 'document_missing_exception'],
      ['index', 201, 'created'],
      ['index', 400, 'document_parsing_exception'],
      ['index', 400, 'document_parsing_exception'],
      ['index', 400, 'illegal_argument_exception'],
    ]);
    expect(json.items[0].index).toMatchObject({
      forced_refresh: true,
      _seq_no: 0,
      _primary_term: 1,
      _shards: { total: 1, successful: 1, failed: 0 },
    });
    expect((await call('GET', '/bulked/_count')).json.count).toBe(2);
  });

  it.each([
    ['{"index":{"_id":"1"}}\n{"n":1}', 'The bulk request must be terminated by a newline [\\n]'],
    [
      '{"foo":{}}\n{}\n',
      'Malformed action/metadata line [1], expected field [create], [delete], [index] or [update] but found [foo]',
    ],
    [
      '{"index":{"_id":"1"}}\n{}\n{"index":{"bar":1}}\n{}\n',
      'Action/metadata line [3] contains an unknown parameter [bar]',
    ],
    ['[1]\n{}\n', 'Malformed action/metadata line [1], expected START_OBJECT but found [START_ARRAY]'],
    ['{"index":{"version_type":"force"}}\n{}\n', 'No version type match [force]'],
  ])('refuses %j as a whole and writes nothing of it', async (body, reason) => {
    await call('PUT', '/untouched');
    const refused = await call('POST', '/untouched/_bulk', body);
    expect(refused.status).toBe(400);
    expect(refused.json.error.reason).toBe(reason);
    expect((await call('GET', '/untouched/_count')).json.count).toBe(0);
  });

  it('makes missing indices, unless an alias is required', async () => {
    const { items } = (
      await call(
        'POST',
        '/_bulk',
        ndjson(
          { index: { _index: 'auto', _id: '1' } },
          {},
          { index: { _index: 'guarded', _id: '1', require_alias: true } },
          {},
          { index: { _index: 'BAD' } },
          {},
          { delete: { _index: 'absent', _id: '1' } },
        ),
      )
    ).json;
    expect(items[0].index.status).toBe(201);
    expect(items[1].index).toMatchObject({
      status: 404,
      error: {
        type: 'index_not_found_exception',
        reason: 'no such index [guarded] and [require_alias] request flag is [true] and [guarded] is not an alias',
      },
    });
    expect(items[2].index.error.type).toBe('invalid_index_name_exception');
    expect(items[3].delete).toMatchObject({ status: 404, error: { type: 'index_not_found_exception' } });
    expect((await call('HEAD', '/guarded')).status).toBe(404);
    await call('PUT', '/real', { aliases: { door: {} } });
    const through = await call(
      'POST',
      '/_bulk?require_alias=true',
      ndjson({ index: { _index: 'door', _id: '1' } }, {}),
    );
    expect(through.json.items[0].index).toMatchObject({ _index: 'real', status: 201 });
    await call('DELETE', '/real');
    const shut = await call('POST', '/_bulk?require_alias=true', ndjson({ index: { _index: 'door', _id: '1' } }, {}));
    expect(shut.json.items[0].index.status).toBe(404);
    expect((await call('HEAD', '/door')).status).toBe(404);
  });

  it('sends only what filter_path asks for', async () => {
    const body = ndjson({ index: { _id: 'f' } }, {}, { create: { _id: 'f' } }, {});
    expect((await call('POST', '/docs/_bulk?filter_path=errors,items.*.error.type', body)).json).toEqual({
      errors: true,
      items: [
        { create: { error: { type: 'version_conflict_engine_exception' } } },
        { create: { error: { type: 'version_conflict_engine_exception' } } },
      ].slice(1),
    });
    expect(
      (await call('POST', '/docs/_bulk?filter_path=items.*.error', ndjson({ index: { _id: 'f' } }, {}))).json,
    ).toEqual({});
    const statuses = await call('POST', '/docs/_bulk?filter_path=items.*.status', ndjson({ index: { _id: 'f' } }, {}));
    expect(statuses.json).toEqual({ items: [{ index: { status: 200 } }] });
  });

  it('takes gzip bodies, and answers 413 to more than 100 MB, packed or not', async () => {
    const { gzipSync } = await import('node:zlib');
    const headers = { 'content-encoding': 'gzip' };
    const packed = gzipSync(ndjson({ index: { _id: 'z' } }, { packed: true }));
    expect((await call('POST', '/docs/_bulk', packed, headers)).json.errors).toBe(false);
    const bomb = gzipSync(Buffer.alloc(101 * 1024 * 1024, 0x20));
    expect((await call('POST', '/docs/_bulk', bomb, headers)).status).toBe(413);
    expect((await call('POST', '/docs/_bulk', Buffer.from('not gzip'), headers)).status).toBe(400);
    expect((await call('GET', '/docs/_doc/z')).json._source).toEqual({ packed: true });
  });

  it('keeps the order of one request for one id, whatever its size', async () => {
    const lines: unknown[] = [];
    for (let i = 0; i < 12_000; i++) lines.push({ index: { _id: `same${i % 3}` } }, { i });
    const { json } = await call('POST', '/docs/_bulk', ndjson(...lines));
    expect(json.errors).toBe(false);
    expect((await call('GET', '/docs/_doc/same2')).json).toMatchObject({ _version: 4_000, _source: { i: 11_999 } });
  });
});
