import { ndjson, startTestCluster, type TestCluster, writeNumbered } from './support';

const MINUTE = 60_000;

/** A cluster whose clock the test moves. */
async function startWithClock(): Promise<TestCluster & { clock: { now: number } }> {
  const clock = { now: Date.UTC(2024, 4, 1) };
  return Object.assign(await startTestCluster({ now: () => clock.now }), { clock });
}

describe('a point in time', () => {
  let test_: Awaited<ReturnType<typeof startWithClock>>;
  const call = (...args: Parameters<TestCluster['call']>) => test_.call(...args);

  beforeEach(async () => {
    test_ = await startWithClock();
    await call('PUT', '/p', { settings: { number_of_shards: 2, number_of_replicas: 0 } });
    await writeNumbered(call, 'p', 100);
  });
  afterEach(() => test_.stop());

  const open = async (parameters = 'keep_alive=1m', index = 'p'): Promise<string> =>
    (await call('POST', `/${index}/_pit?${parameters}`)).json.id;
  const read = (id: string, body: object = {}) =>
    call('POST', '/_search', { size: 1_000, pit: { id }, sort: ['_seq_no'], seq_no_primary_term: true, ...body });
  const overwriteAll = async (): Promise<void> => {
    await writeNumbered(call, 'p', 100);
    await call(
      'POST',
      '/p/_bulk',
      ndjson({ delete: { _id: 'd7' } }, { delete: { _id: 'd8' } }, { index: { _id: 'new' } }, {}),
    );
  };

  it('shows the shard as it was, whatever happens later, also after a restart', async () => {
    const ids = [await open('keep_alive=1m&preference=_shards:0'), await open('keep_alive=1m&preference=_shards:1')];
    const before = await Promise.all(ids.map((id) => read(id)));
    expect(before.map((answer) => answer.json._shards.total)).toEqual([1, 1]);
    expect(before.reduce((sum, answer) => sum + answer.json.hits.hits.length, 0)).toBe(100);
    await overwriteAll();
    const hits = (answers: typeof before) => answers.map((answer) => answer.json.hits);
    expect(hits(await Promise.all(ids.map((id) => read(id))))).toEqual(hits(before));
    await test_.restart();
    expect(hits(await Promise.all(ids.map((id) => read(id))))).toEqual(hits(before));
    expect((await call('GET', '/p/_count')).json.count).toBe(99);
  });

  it('finds documents by id as they were', async () => {
    const id = await open();
    await overwriteAll();
    const old = await read(id, { query: { ids: { values: ['d7', 'd9', 'new'] } } });
    expect(old.json.hits.hits.map((hit: { _id: string }) => hit._id).sort()).toEqual(['d7', 'd9']);
  });

  it('pages with the tiebreaker it adds, or without', async () => {
    const id = await open('keep_alive=1m&preference=_shards:0');
    const first = (await read(id, { size: 3 })).json;
    expect(first.pit_id).toBe(id);
    const last = first.hits.hits[2].sort;
    expect(last).toHaveLength(2);
    const next = (await read(id, { size: 3, search_after: last })).json.hits.hits;
    const bare = (await read(id, { size: 3, search_after: last.slice(0, 1) })).json.hits.hits;
    expect(next.map((hit: { _seq_no: number }) => hit._seq_no)).toEqual([3, 4, 5]);
    expect(bare.map((hit: { sort: number[] }) => hit.sort)).toEqual([[3], [4], [5]]);
    const byShardDoc = (await read(await open(), { size: 1_000, sort: ['_shard_doc'] })).json.hits.hits;
    const values = byShardDoc.map((hit: { sort: number[] }) => hit.sort[0]);
    expect(values).toEqual([...new Set(values)].sort((a, b) => (a as number) - (b as number)));
  });

  it('ends after its keep-alive, unless that is renewed', async () => {
    const [idle, used] = [await open(), await open()];
    for (let i = 0; i < 5; i++) {
      test_.clock.now += 40_000;
      expect((await read(used, { pit: { id: used, keep_alive: '1m' } })).status).toBe(200);
    }
    const missing = await read(idle);
    expect(missing.status).toBe(404);
    expect(missing.json.error).toMatchObject({
      type: 'search_phase_execution_exception',
      root_cause: [{ type: 'search_context_missing_exception' }],
      phase: 'query',
    });
  });

  it('ends when it is closed, once', async () => {
    const id = await open();
    expect((await call('DELETE', '/_pit', { id })).json).toEqual({ succeeded: true, num_freed: 2 });
    expect(await call('DELETE', '/_pit', { id })).toMatchObject({
      status: 404,
      json: { succeeded: false, num_freed: 0 },
    });
    expect((await read(id)).status).toBe(404);
  });

  it('ends with its index, even if another takes the name', async () => {
    const id = await open();
    await call('DELETE', '/p');
    await call('PUT', '/p');
    expect(await read(id)).toMatchObject({ status: 404, json: { error: { type: 'index_not_found_exception' } } });
  });

  it('is refused in the words of Elasticsearch where it is misused', async () => {
    const id = await open();
    const reason = async (path: string, body: object = { pit: { id } }) =>
      (await call('POST', path, body)).json.error.reason;
    expect(await reason('/p/_search')).toContain('[indices] cannot be used with point in time');
    expect(await reason('/_search?preference=_shards:0')).toContain('[preference] cannot be used with point in time');
    expect(await reason('/_search', { pit: {} })).toBe('point in time id is not provided');
    expect((await call('POST', '/_search', { pit: { id: 'abc' } })).status).toBe(400);
    expect((await call('POST', '/p/_pit')).json.error.reason).toContain('[keep_alive] is not specified');
    expect((await call('POST', '/p/_pit?keep_alive=25h')).json.error.root_cause[0].reason).toContain('is too large');
    expect((await call('POST', '/nope/_pit?keep_alive=1m')).status).toBe(404);
  });

  describe('and the removal of superseded documents', () => {
    const storedDead = async (): Promise<number> => {
      const { shards } = (await call('GET', '/p/_stats?level=shards')).json.indices.p;
      return [0, 1].reduce((sum, shard) => sum + shards[shard][0].docs.deleted, 0);
    };

    it('keeps them ten minutes, then removes them and ends views that showed them', async () => {
      await overwriteAll();
      expect(await storedDead()).toBe(102);
      test_.clock.now += 9 * MINUTE;
      await test_.cluster.maintain();
      expect(await storedDead()).toBe(102);
      test_.clock.now += 2 * MINUTE;
      await test_.cluster.maintain();
      // The first call marks the end of the quiet shards, the next one finds it old enough.
      test_.clock.now += 11 * MINUTE;
      await test_.cluster.maintain();
      expect(await storedDead()).toBe(0);
      const { hits } = (await call('POST', '/p/_search', { size: 200 })).json.hits;
      expect(hits).toHaveLength(99);
      expect((await call('PUT', '/p/_doc/d7', {})).json).toMatchObject({ result: 'created', _version: 1 });
      await test_.restart();
      expect((await call('GET', '/p/_doc/d9')).json).toMatchObject({ found: true, _version: 2 });
      expect((await call('GET', '/p/_doc/d8')).status).toBe(404);
    });

    it('waits for a view that is renewed, however long', async () => {
      const id = await open('keep_alive=5m');
      const before = (await read(id)).json.hits;
      await overwriteAll();
      for (let i = 0; i < 10; i++) {
        test_.clock.now += 4 * MINUTE;
        await test_.cluster.maintain();
        expect((await read(id, { pit: { id, keep_alive: '5m' } })).json.hits).toEqual(before);
      }
      await call('DELETE', '/_pit', { id });
      await test_.cluster.maintain();
      test_.clock.now += 11 * MINUTE;
      await test_.cluster.maintain();
      expect(await storedDead()).toBe(0);
    });

    it('waits after a restart, because it cannot know who is still reading', async () => {
      const id = await open('keep_alive=30m');
      const before = (await read(id)).json.hits;
      await overwriteAll();
      test_.clock.now += 20 * MINUTE;
      await test_.restart();
      await test_.cluster.maintain();
      test_.clock.now += 9 * MINUTE;
      expect((await read(id)).json.hits).toEqual(before);
      test_.clock.now += 12 * MINUTE;
      await test_.cluster.maintain();
      expect((await read(id, { pit: { id } })).json.hits).toEqual(before);
      test_.clock.now += 60 * MINUTE;
      await test_.cluster.maintain();
      await test_.cluster.maintain();
      expect((await read(id)).status).toBe(404);
    });
  });
});

describe('document order', () => {
  let test_: TestCluster;
  const call = (...args: Parameters<TestCluster['call']>) => test_.call(...args);

  beforeEach(async () => {
    test_ = await startTestCluster();
    await call('PUT', '/o', { settings: { number_of_shards: 1, number_of_replicas: 0 } });
    await writeNumbered(call, 'o', 3_000);
    await call('POST', '/o/_bulk', ndjson({ delete: { _id: 'd5' } }, { delete: { _id: 'd2999' } }));
  });
  afterEach(() => test_.stop());

  const search = (pit: object, body: object) => ({
    pit,
    sort: ['_doc', '_seq_no'],
    _source: false,
    track_total_hits: false,
    ...body,
  });

  it('is another than that of sequence numbers, has each document once, and goes on after any number', async () => {
    const pit = { id: (await call('POST', '/o/_pit?keep_alive=1m')).json.id as string };
    const list = async (after: number, size: number): Promise<[number, number][]> =>
      (await call('POST', '/_search', search(pit, { size, search_after: [after, 2 ** 53 - 1] }))).json.hits.hits.map(
        (hit: { sort: [number, number] }) => hit.sort,
      );
    const all = await list(-1, 10_000);
    const numbers = all.map(([number]) => number);
    const seqNos = all.map(([, seqNo]) => seqNo);
    expect(all).toHaveLength(2_998);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(seqNos).not.toEqual([...seqNos].sort((a, b) => a - b));
    expect(new Set(seqNos).size).toBe(2_998);
    for (const after of [0, 500, 1_023, 1_024, 2_900]) {
      expect(await list(after, 40)).toEqual(all.filter(([number]) => number > after).slice(0, 40));
    }
    const last = await call('POST', '/_search', { ...search(pit, { size: 1 }), sort: [{ _doc: 'desc' }] });
    expect(last.json.hits.hits[0].sort[0]).toBe(numbers.at(-1));
  });

  it('is read by a multi-search, whose answers come in order, each with its status', async () => {
    const pit = { id: (await call('POST', '/o/_pit?keep_alive=1m')).json.id as string };
    const of = (body: object) => [{ allow_partial_search_results: false }, search(pit, body)];
    const answer = await call(
      'POST',
      '/_msearch',
      ndjson(
        ...of({ size: 2, sort: ['_doc'], search_after: [99] }),
        ...of({ size: 10_001 }),
        ...of({ size: 1, sort: ['_doc'], search_after: [-1] }),
      ),
    );
    const { responses } = answer.json as { responses: { status: number; hits: { hits: { sort: number[] }[] } }[] };
    expect(responses.map(({ status }) => status)).toEqual([200, 400, 200]);
    expect(responses[0]!.hits.hits.map(({ sort }) => sort)).toEqual([[100], [101]]);
    expect(responses[2]!.hits.hits.map(({ sort }) => sort)).toEqual([[0]]);
  });
});
