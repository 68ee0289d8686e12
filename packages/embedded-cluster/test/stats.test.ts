import { startTestCluster, type TestCluster, writeNumbered } from './support';

let test_: TestCluster;
const call = (...args: Parameters<TestCluster['call']>) => test_.call(...args);

beforeAll(async () => {
  test_ = await startTestCluster();
  await call('PUT', '/s', { settings: { number_of_shards: 2, number_of_replicas: 0 }, aliases: { sa: {} } });
  await call('PUT', '/empty', { settings: { number_of_replicas: 0 } });
  await writeNumbered(call, 's', 10);
  await call('DELETE', '/s/_doc/d3');
});
afterAll(() => test_.stop());

describe('statistics', () => {
  it('give each shard its sequence numbers, history and counts, in the shape of Elasticsearch', async () => {
    const { indices, _shards } = (await call('GET', '/_stats?level=shards')).json;
    expect(_shards).toEqual({ total: 3, successful: 3, failed: 0 });
    const copies = [0, 1].map((shard) => indices.s.shards[shard][0]);
    const operations = copies.reduce((sum, copy) => sum + copy.seq_no.max_seq_no + 1, 0);
    expect(operations).toBe(11);
    for (const copy of copies) {
      expect(copy.routing).toMatchObject({ state: 'STARTED', primary: true, relocating_node: null });
      expect(copy.seq_no).toEqual({
        max_seq_no: copy.seq_no.max_seq_no,
        local_checkpoint: copy.seq_no.max_seq_no,
        global_checkpoint: copy.seq_no.max_seq_no,
      });
      expect(copy.commit.user_data.history_uuid).toMatch(/^[\w-]{22}$/);
    }
    expect(new Set(copies.map((copy) => copy.commit.user_data.history_uuid)).size).toBe(2);
    expect(copies.reduce((sum, copy) => sum + copy.docs.count, 0)).toBe(9);
    expect(indices.empty.shards['0'][0].seq_no.max_seq_no).toBe(-1);
    expect(indices.s.primaries.docs).toMatchObject({ count: 9, deleted: 1 });
  });

  it('take metrics and filter_path, and know no metric called seq_no, as Elasticsearch does not', async () => {
    const { json } = await call(
      'GET',
      '/s/_stats/docs?level=shards&filter_path=indices.*.uuid,indices.*.shards.*.seq_no,indices.*.primaries',
    );
    expect(Object.keys(json.indices.s).sort()).toEqual(['primaries', 'shards', 'uuid']);
    expect(Object.keys(json.indices.s.primaries)).toEqual(['docs']);
    expect(Object.keys(json.indices.s.shards['0'][0])).toEqual(['seq_no']);
    expect((await call('GET', '/s/_stats/seq_no')).json.error.reason).toBe(
      'request [/s/_stats/seq_no] contains unrecognized metric: [seq_no]',
    );
    expect((await call('GET', '/_stats?level=bogus')).status).toBe(400);
  });
});

describe('recovery, refresh and health', () => {
  it('say that every shard is done', async () => {
    const { json } = await call('GET', '/s/_recovery');
    expect(json.s.shards).toHaveLength(2);
    expect(json.s.shards[1]).toMatchObject({ id: 1, type: 'EMPTY_STORE', stage: 'DONE', primary: true });
    expect((await call('GET', '/_recovery?active_only=true')).json).toEqual({});
    for (const path of ['_refresh', '_flush', '_forcemerge?max_num_segments=1']) {
      expect((await call('POST', `/s/${path}`)).json).toEqual({ _shards: { total: 2, successful: 2, failed: 0 } });
    }
    expect((await call('GET', '/_cluster/health?wait_for_status=yellow')).json).toMatchObject({
      status: 'green',
      active_shards: 3,
    });
    expect(await call('GET', '/_cluster/health/nope?timeout=1s')).toMatchObject({
      status: 408,
      json: { timed_out: true },
    });
  });
});

describe('_cat', () => {
  it('lists indices as text and as JSON, with chosen, sorted columns and units', async () => {
    const text = (await call('GET', '/_cat/indices?v&s=index&h=index,docs.count,dd,status')).text;
    expect(text).toBe('index docs.count dd status\nempty          0  0 open\ns              9  1 open\n');
    const rows = (await call('GET', '/_cat/indices/s?format=json&bytes=b')).json;
    expect(rows[0]).toMatchObject({
      health: 'green',
      status: 'open',
      index: 's',
      pri: '2',
      rep: '0',
      'docs.count': '9',
    });
    expect(Number(rows[0]['store.size'])).toBeGreaterThan(0);
    expect((await call('GET', '/_cat/indices?h=index&s=docs.count:desc')).text).toBe('s\nempty\n');
    expect((await call('GET', '/_cat/indices?s=bogus')).status).toBe(400);
  });

  it('counts, and lists shards, aliases, nodes and health', async () => {
    expect((await call('GET', '/_cat/count/s?format=json')).json[0].count).toBe('9');
    expect((await call('GET', '/_cat/shards/s?format=json')).json).toHaveLength(2);
    expect((await call('GET', '/_cat/aliases?format=json')).json).toEqual([
      { alias: 'sa', index: 's', filter: '-', 'routing.index': '-', 'routing.search': '-', is_write_index: '-' },
    ]);
    expect((await call('GET', '/_cat/health?format=json')).json[0]).toMatchObject({ status: 'green', shards: '3' });
    expect((await call('GET', '/_cat/nodes?h=name')).text).toBe('embedded\n');
    expect((await call('GET', '/_cat/indices?format=yaml')).status).toBe(400);
  });
});
