import { ndjson, startTestCluster, type TestCluster, writeNumbered } from './support';

let test_: TestCluster;
const call = (...args: Parameters<TestCluster['call']>) => test_.call(...args);

interface Hit {
  _id: string;
  _seq_no: number;
  _source: Record<string, unknown>;
  sort: unknown[];
}

const search = async (body: unknown, path = '/mixed/_search') => {
  const answer = await call('POST', path, body);
  if (answer.status !== 200) throw new Error(answer.text);
  return answer.json;
};
const idsOf = (json: { hits: { hits: Hit[] } }): string[] => json.hits.hits.map((hit) => hit._id);
const found = async (query: unknown): Promise<string[]> => idsOf(await search({ query, size: 100 })).sort();

beforeAll(async () => {
  test_ = await startTestCluster();
  await call('PUT', '/mixed', { settings: { number_of_shards: 2, number_of_replicas: 0 } });
  await call(
    'POST',
    '/mixed/_bulk',
    ndjson(
      { index: { _id: '1' } },
      { n: 1, k: 'x', tags: ['a', 'b'], o: { p: 1 } },
      { index: { _id: '2', routing: 'r' } },
      { n: 2, k: 'y', 'o.q': 'dotted' },
      { index: { _id: '3' } },
      { n: 3, k: 'x', o: [{ p: 5 }, { p: 6 }], at: '2024-05-01' },
      { index: { _id: '4' } },
      { n: 4, none: null, at: '2024-06-01' },
      { index: { _id: '5' } },
      { n: 9 },
      { delete: { _id: '5' } },
      { index: { _id: '1' } },
      { n: 10, k: 'x', tags: ['a', 'b'], o: { p: 1 } },
    ),
  );
  await writeNumbered(call, 'many', 2_500);
});
afterAll(() => test_.stop());

describe('queries', () => {
  it.each([
    ['match_all', { match_all: {} }, ['1', '2', '3', '4']],
    ['match_none', { match_none: {} }, []],
    ['ids, deleted and unknown ones left out', { ids: { values: ['1', '5', 'nope', '4'] } }, ['1', '4']],
    ['term on _id', { term: { _id: '2' } }, ['2']],
    ['term on a keyword', { term: { k: 'x' } }, ['1', '3']],
    ['term on a .keyword subfield', { term: { 'k.keyword': { value: 'y' } } }, ['2']],
    ['term on a number, as text', { term: { n: '4' } }, ['4']],
    ['term in a list', { term: { tags: 'b' } }, ['1']],
    ['term in a dotted key', { term: { 'o.q': 'dotted' } }, ['2']],
    ['term in a list of objects', { term: { 'o.p': 6 } }, ['3']],
    ['term on _routing', { term: { _routing: 'r' } }, ['2']],
    ['terms', { terms: { n: [2, 3, 77] } }, ['2', '3']],
    ['range on numbers', { range: { n: { gt: 2, lte: 4 } } }, ['3', '4']],
    ['range on dates', { range: { at: { gte: '2024-05-15' } } }, ['4']],
    ['exists', { exists: { field: 'k' } }, ['1', '2', '3']],
    ['exists, null is not a value', { exists: { field: 'none' } }, []],
    ['bool', { bool: { must: { term: { k: 'x' } }, must_not: [{ ids: { values: ['1'] } }] } }, ['3']],
    ['bool should', { bool: { should: [{ term: { k: 'y' } }, { term: { n: 4 } }] } }, ['2', '4']],
    [
      'bool filter and should of at least one',
      { bool: { filter: [{ term: { k: 'x' } }], should: [{ term: { n: 3 } }], minimum_should_match: 1 } },
      ['3'],
    ],
    ['constant_score', { constant_score: { filter: { term: { k: 'y' } } } }, ['2']],
  ])('%s', async (_, query, expected) => {
    expect(await found(query)).toEqual(expected);
    expect((await call('POST', '/mixed/_count', { query })).json.count).toBe(expected.length);
  });

  it('by ranges and terms of _seq_no find exactly those', async () => {
    const seqs = async (query: unknown): Promise<number[]> => {
      const json = await search({ query, size: 5_000, sort: ['_seq_no'], seq_no_primary_term: true }, '/many/_search');
      return json.hits.hits.map((hit: Hit) => hit._seq_no);
    };
    const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
    expect(await seqs({ range: { _seq_no: { gte: 1_000, lt: 1_050 } } })).toEqual(range(1_000, 1_050));
    expect(await seqs({ range: { _seq_no: { gt: 1_022, lte: 1_026 } } })).toEqual(range(1_023, 1_027));
    expect(await seqs({ range: { _seq_no: { gte: 2_490 } } })).toEqual(range(2_490, 2_500));
    expect(await seqs({ terms: { _seq_no: [5, 2_000, 9_999] } })).toEqual([5, 2_000]);
    expect(
      await seqs({ bool: { filter: [{ range: { _seq_no: { gte: 10 } } }, { range: { _seq_no: { lt: 12 } } }] } }),
    ).toEqual([10, 11]);
    expect(await seqs({ range: { _seq_no: { gte: 7, lt: 7 } } })).toEqual([]);
  });

  it('that are not supported are refused by name', async () => {
    for (const body of [
      { query: { match: { a: 1 } } },
      { knn: {} },
      { aggs: { a: { terms: { field: 'k' } } } },
      { aggs: { a: { max: { field: 'n' } } } },
    ]) {
      const refused = await call('POST', '/mixed/_search', body);
      expect(refused.status).toBe(400);
      expect(refused.json.error.reason).toMatch(/^the embedded cluster does not support/);
    }
    expect((await call('POST', '/mixed/_search', { bogus: 1 })).json.error.type).toBe('parsing_exception');
    expect((await call('GET', '/mixed/_search?q=a')).status).toBe(400);
  });
});

describe('pages and order', () => {
  it('by sequence number, both ways, over shards, with search_after', async () => {
    const all: number[] = [];
    for (const order of ['asc', 'desc']) {
      let after: unknown[] | undefined;
      const seen: number[] = [];
      for (;;) {
        const page = await search(
          { size: 999, sort: [{ _seq_no: order }], ...(after ? { search_after: after } : {}) },
          '/many/_search',
        );
        if (page.hits.hits.length === 0) break;
        seen.push(...page.hits.hits.map((hit: Hit) => hit.sort[0]));
        after = page.hits.hits.at(-1).sort;
      }
      expect(seen).toEqual([...seen].sort((a, b) => (order === 'asc' ? a - b : b - a)));
      all.push(seen.length);
    }
    expect(all).toEqual([2_500, 2_500]);
    const mixed = await search({ sort: [{ _seq_no: 'desc' }], size: 100 });
    const seqs = mixed.hits.hits.map((hit: Hit) => hit.sort[0] as number);
    expect(seqs).toEqual([...seqs].sort((a, b) => b - a));
  });

  it('by fields: missing values last, ties by shard, windows and search_after', async () => {
    expect(idsOf(await search({ sort: ['k', { n: 'desc' }] }))).toEqual(['1', '3', '2', '4']);
    expect(idsOf(await search({ sort: [{ k: { order: 'desc', missing: '_first' } }, 'n'] }))).toEqual([
      '4',
      '2',
      '3',
      '1',
    ]);
    expect(idsOf(await search({ sort: ['n'], from: 1, size: 2 }))).toEqual(['3', '4']);
    const page = await search({ sort: [{ n: 'asc' }], search_after: [3] });
    expect(page.hits.hits.map((hit: Hit) => hit.sort)).toEqual([[4], [10]]);
    expect(idsOf(await search({ sort: ['_id'] }))).toEqual(['1', '2', '3', '4']);
    expect(idsOf(await call('GET', '/mixed/_search?sort=n:desc&size=1').then((answer) => answer.json))).toEqual(['1']);
  });

  it('are limited as in Elasticsearch', async () => {
    const wide = await call('POST', '/mixed/_search', { from: 9_999, size: 2 });
    expect(wide.json.error).toMatchObject({
      type: 'search_phase_execution_exception',
      root_cause: [{ type: 'illegal_argument_exception' }],
    });
    expect(wide.json.error.root_cause[0].reason).toMatch(
      /^Result window is too large, from \+ size must be less than or equal to: \[10000\] but was \[10001\]/,
    );
    expect((await call('POST', '/mixed/_search', { size: -1 })).json.error.reason).toBe(
      '[size] parameter cannot be negative, found [-1]',
    );
    expect((await call('POST', '/mixed/_search', { search_after: [1] })).json.error.root_cause[0].reason).toBe(
      'Sort must contain at least one field.',
    );
  });

  it('count up to 10,000 unless asked otherwise', async () => {
    const total = async (body: object) => (await search({ size: 0, ...body }, '/many/_search')).hits.total;
    expect(await total({})).toEqual({ value: 2_500, relation: 'eq' });
    expect(await total({ track_total_hits: 100 })).toEqual({ value: 100, relation: 'gte' });
    expect(await total({ track_total_hits: 100, query: { range: { _seq_no: { lt: 100 } } } })).toEqual({
      value: 100,
      relation: 'eq',
    });
    expect(await total({ track_total_hits: false })).toBeUndefined();
  });

  it('come from one shard with preference, or from the shard of a routing value', async () => {
    const shards = await Promise.all([0, 1].map((shard) => search({}, `/mixed/_search?preference=_shards:${shard}`)));
    expect(shards.map((json) => json._shards.total)).toEqual([1, 1]);
    expect(shards.flatMap(idsOf).sort()).toEqual(['1', '2', '3', '4']);
    // As Elasticsearch 8.19 places them.
    expect(idsOf(shards[1])).toEqual(['4']);
    expect((await search({}, '/mixed/_search?preference=_shards:9'))._shards.total).toBe(0);
    expect(idsOf(await search({}, '/mixed/_search?routing=r')).sort()).toEqual(['1', '2', '3']);
  });
});

describe('what a hit shows', () => {
  const one = { query: { ids: { values: ['2'] } } };

  it('is what was asked for, in the order of Elasticsearch', async () => {
    const raw = async (body: object, parameters = '') =>
      (await call('POST', `/mixed/_search?filter_path=hits.hits${parameters}`, { ...one, ...body })).text;
    expect(await raw({})).toBe(
      '{"hits":{"hits":[{"_index":"mixed","_id":"2","_score":1.0,"_routing":"r","_source":{"n":2,"k":"y","o.q":"dotted"}}]}}',
    );
    expect(await raw({ version: true, seq_no_primary_term: true, sort: ['_doc'], _source: false })).toBe(
      '{"hits":{"hits":[{"_index":"mixed","_id":"2","_version":1,"_seq_no":1,"_primary_term":1,"_score":null,"_routing":"r","sort":[1]}]}}',
    );
    expect(await raw({ stored_fields: '_none_', seq_no_primary_term: true, sort: ['_seq_no'] })).toBe(
      '{"hits":{"hits":[{"_index":"mixed","_seq_no":1,"_primary_term":1,"_score":null,"sort":[1]}]}}',
    );
    expect(await raw({ _source: ['n'] })).toContain('"_source":{"n":2}');
    expect(await raw({ _source: { excludes: ['n', 'o.q'] } })).toContain('"_source":{"k":"y","o.q":"dotted"}');
    expect(await raw({ _source: 'nothing' })).toContain('"_source":{}');
    expect(await raw({}, '&_source_excludes=k')).not.toContain('"k"');
  });

  it.each([
    ['hits.hits._id,hits.hits.sort', { hits: { hits: [{ _id: '2', sort: [2] }] } }],
    ['hits.hits._source.n', { hits: { hits: [{ _source: { n: 2 } }] } }],
    ['**._id', { hits: { hits: [{ _id: '2' }] } }],
    ['hits.*.*d', { hits: { hits: [{ _id: '2' }] } }],
    ['hits.total', { hits: { total: { value: 1, relation: 'eq' } } }],
    ['_shards.failed,hits.hits._routing', { _shards: { failed: 0 }, hits: { hits: [{ _routing: 'r' }] } }],
    [
      '-hits.hits._source,-took,-_shards,-timed_out,-hits.total,-hits.max_score',
      { hits: { hits: [{ _index: 'mixed', _id: '2', _score: null, _routing: 'r', sort: [2] }] } },
    ],
    [
      'hits.hits,-hits.hits._source.n',
      {
        hits: {
          hits: [
            { _index: 'mixed', _id: '2', _score: null, _routing: 'r', _source: { k: 'y', 'o.q': 'dotted' }, sort: [2] },
          ],
        },
      },
    ],
    ['nothing', {}],
  ])('is narrowed by filter_path=%s', async (filter, expected) => {
    const body = { ...one, sort: ['n'] };
    expect((await call('POST', `/mixed/_search?filter_path=${filter}`, body)).json).toEqual(expected);
    expect((await call('POST', `/mixed/_search?pretty&filter_path=${filter}`, body)).json).toEqual(expected);
  });

  it('is nothing at all where no document was found', async () => {
    const none = { query: { match_none: {} } };
    expect((await call('POST', '/mixed/_search?filter_path=hits.hits._id', none)).text).toBe('{}');
    expect((await call('POST', '/mixed/_search?filter_path=hits.hits', none)).text).toBe('{"hits":{"hits":[]}}');
    expect((await call('POST', '/mixed/_search?filter_path=_shards.failed,hits.hits._id', none)).text).toBe(
      '{"_shards":{"failed":0}}',
    );
  });

  it('arrives whole however large the answer is', async () => {
    const json = await search(
      { size: 2_500, sort: ['_seq_no'] },
      '/many/_search?filter_path=hits.hits._id,hits.hits._source',
    );
    expect(json.hits.hits).toHaveLength(2_500);
    expect(json.hits.hits[2_499]).toEqual({ _id: 'd2499', _source: { n: 2_499 } });
  });
});

describe('aggregations on _seq_no', () => {
  const aggregate = async (aggs: object, query: object = { match_all: {} }) =>
    (await search({ size: 0, track_total_hits: false, query, aggs }, '/many/_search')).aggregations;

  it('count ranges, overlapping and open ones too, from inclusive and to exclusive', async () => {
    const { r } = await aggregate({
      r: {
        range: {
          field: '_seq_no',
          ranges: [
            { from: 0, to: 1_000 },
            { from: 1_000 },
            { to: 1_030 },
            { from: 1_020, to: 1_030 },
            { from: 3_000, to: 10_000_000 },
          ],
        },
      },
    });
    expect(r.buckets).toEqual([
      { key: '*-1030.0', to: 1_030, doc_count: 1_030 },
      { key: '0.0-1000.0', from: 0, to: 1_000, doc_count: 1_000 },
      { key: '1000.0-*', from: 1_000, doc_count: 1_500 },
      { key: '1020.0-1030.0', from: 1_020, to: 1_030, doc_count: 10 },
      { key: '3000.0-1.0E7', from: 3_000, to: 10_000_000, doc_count: 0 },
    ]);
    const keyed = await aggregate({
      r: { range: { field: '_seq_no', keyed: true, ranges: [{ key: 'a', from: 5, to: 7 }] } },
    });
    expect(keyed.r.buckets).toEqual({ a: { from: 5, to: 7, doc_count: 2 } });
  });

  it('give histograms, extremes and counts of what the query matches, and of everything under global', async () => {
    const aggs = {
      h: { histogram: { field: '_seq_no', interval: 1_000 } },
      o: { histogram: { field: '_seq_no', interval: 1_000, offset: 500, min_doc_count: 1 } },
      mx: { max: { field: '_seq_no' } },
      mn: { min: { field: '_seq_no' } },
      vc: { value_count: { field: '_seq_no' } },
      all: {
        global: {},
        aggs: {
          mx: { max: { field: '_seq_no' } },
          r: { range: { field: '_seq_no', ranges: [{ from: 0, to: 3_000 }] } },
        },
      },
    };
    const json = await aggregate(aggs, {
      bool: { should: [{ range: { _seq_no: { lt: 10 } } }, { range: { _seq_no: { gte: 2_100, lt: 2_300 } } }] },
    });
    expect(json.h.buckets).toEqual([
      { key: 0, doc_count: 10 },
      { key: 1_000, doc_count: 0 },
      { key: 2_000, doc_count: 200 },
    ]);
    expect(json.o.buckets).toEqual([
      { key: -500, doc_count: 10 },
      { key: 1_500, doc_count: 200 },
    ]);
    expect([json.mx.value, json.mn.value, json.vc.value]).toEqual([2_299, 0, 210]);
    expect(json.all).toMatchObject({ doc_count: 2_500, mx: { value: 2_499 }, r: { buckets: [{ doc_count: 2_500 }] } });
    const empty = await aggregate({ mx: aggs.mx, h: aggs.h }, { match_none: {} });
    expect(empty).toEqual({ mx: { value: null }, h: { buckets: [] } });
  });

  it('follow field queries document by document', async () => {
    const json = await aggregate(
      { r: { range: { field: '_seq_no', ranges: [{ from: 0, to: 1_024 }, { from: 1_024 }] } } },
      { range: { n: { gte: 1_000, lt: 1_100 } } },
    );
    expect(json.r.buckets.map((bucket: { doc_count: number }) => bucket.doc_count)).toEqual([24, 76]);
  });
});
