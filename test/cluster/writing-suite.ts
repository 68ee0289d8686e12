import { type Cluster, openCluster } from '../../src/cluster/cluster';
import { type BulkWriter } from '../../src/cluster/writing/bulk-writer';
import { restorableIndex } from '../../src/cluster/writing/restorable-index';
import { finishLoaded } from '../../src/restoring/finish-loaded';
import { closeCluster, type ClusterUnderTest, collect, failureOf, type Json, Rest, shardOf } from './support';

/** How indices are found, made again and filled, on any cluster. */
export function writingSuite({ url, embedded = false }: ClusterUnderTest): void {
  const rest = new Rest(url);
  let cluster: Cluster;
  const onRealClusters = embedded ? it.skip : it;

  beforeAll(() => {
    cluster = openCluster({ url: url() });
  });
  afterAll(() => closeCluster(cluster));

  const index = 'writing';
  const alias = '.one-off-alias';
  afterEach(() => rest.deleteIndices(index, 'writing-2', 'other', '.hidden-writing'));

  const document = (id: number, version = 1, source = `{"n":${id}}`): string =>
    `{"index":{"_id":"${id}","version":${version},"version_type":"external_gte"}}\n${source}\n`;
  const body = (...ids: number[]): Buffer => Buffer.from(ids.map((id) => document(id)).join(''));

  const createWithAlias = (mappings?: string): Promise<void> =>
    cluster.createIndex(index, {
      settings: '{"index.number_of_shards":1,"index.number_of_replicas":0}',
      mappings,
      aliases: `{"${alias}":{}}`,
    });
  const written = async (writer: BulkWriter, ...bodies: Buffer[]): Promise<void> => {
    for (const one of bodies) await writer.write(one);
    await writer.flush();
  };

  describe('finding indices', () => {
    it('gives settings, mappings and aliases as they were sent', async () => {
      const mappings = '{"properties":{"n":{"type":"long"},"text":{"type":"keyword"}}}';
      await cluster.createIndex(index, {
        settings: '{"index":{"number_of_shards":2,"number_of_replicas":0}}',
        mappings,
        aliases: '{"also":{}}',
      });
      const [found] = await cluster.resolveIndices([index], { ignoreUnavailable: false });
      expect(found).toMatchObject({
        name: index,
        numberOfShards: 2,
        closed: false,
        sourceDisabled: false,
        seqNoDisabled: false,
        segmentReplication: false,
      });
      expect(found.uuid).toMatch(/^\S{15,}$/);
      expect(JSON.parse(found.mappings)).toEqual(JSON.parse(mappings));
      expect(JSON.parse(found.aliases)).toEqual({ also: {} });
      expect(JSON.parse(found.settings)).toMatchObject({ index: { number_of_shards: '2', uuid: found.uuid } });
      const byAlias = await cluster.resolveIndices(['also'], { ignoreUnavailable: false });
      expect(byAlias.map(({ name }) => name)).toEqual([index]);
    });

    it('takes lists, wildcards and exclusions, and finds hidden indices when nothing is said', async () => {
      await rest.createIndex(index);
      await rest.createIndex('writing-2');
      await rest.createIndex('other');
      await rest.createIndex('.hidden-writing', { hidden: true });
      const names = async (expression?: string[]) =>
        (await cluster.resolveIndices(expression, { ignoreUnavailable: false })).map(({ name }) => name);
      expect(await names(['writing*', 'other'])).toEqual(['other', 'writing', 'writing-2']);
      expect(await names(['writing*', '-writing-2'])).toEqual(['writing']);
      expect(await names(['*', '-writing*', '-other', '-.*'])).not.toContain('writing');
      expect(await names(['nothing-here-*'])).toEqual([]);
      expect(await names()).toEqual(expect.arrayContaining(['.hidden-writing', 'other', 'writing', 'writing-2']));
    });

    it('takes lists longer than a request line, exclusions included', async () => {
      await rest.createIndex(index);
      await rest.createIndex('writing-2');
      await rest.createIndex('other');
      const padding = Array.from({ length: 300 }, (_, i) => `absent-${i}-${'x'.repeat(30)}`);
      const found = await cluster.resolveIndices([...padding, 'writing*', '-writing-2', 'other'], {
        ignoreUnavailable: true,
      });
      expect(found.map(({ name }) => name)).toEqual(['other', 'writing']);
      const missing = await failureOf(cluster.resolveIndices(['other', ...padding], { ignoreUnavailable: false }));
      expect(missing.code).toBe('index_not_found_exception');
      const states = await cluster.shardStates([...padding, 'other', 'writing']);
      expect(states.map((state) => state.index).sort()).toEqual(['other', 'writing']);
    });

    it('names an index that is missing', async () => {
      const missing = await failureOf(cluster.resolveIndices(['no-such-index'], { ignoreUnavailable: false }));
      expect(missing).toMatchObject({
        code: 'index_not_found_exception',
        message: expect.stringContaining('no-such-index'),
      });
      expect(await cluster.resolveIndices(['no-such-index'], { ignoreUnavailable: true })).toEqual([]);
    });

    onRealClusters('refuses a closed index that is named, and skips it otherwise', async () => {
      await rest.createIndex(index);
      await rest.createIndex('other');
      await rest.call('POST', `/${index}/_close`);
      const options = { ignoreUnavailable: false };
      expect(await failureOf(cluster.resolveIndices([index], options))).toMatchObject({
        code: 'index_closed_exception',
        message: expect.stringContaining(`[${index}]`),
      });
      const all = await cluster.resolveIndices(undefined, options);
      expect(all.map(({ name }) => name)).not.toContain(index);
      const closed = await cluster.resolveIndices(['writ*'], { ...options, expandWildcards: 'all' });
      expect(closed).toMatchObject([{ name: index, closed: true }]);
    });

    onRealClusters('tells indices whose documents are kept in part or not at all', async () => {
      await rest.createIndex(index, {}, { _source: { enabled: false } });
      await rest.createIndex('other', {}, { _source: { excludes: ['secret'] } });
      const [other, without] = await cluster.resolveIndices(['other', index], { ignoreUnavailable: false });
      expect(without.sourceDisabled).toBe(true);
      expect(other).toMatchObject({ sourceDisabled: false });
    });
  });

  describe('writing documents', () => {
    it('writes through the alias, again without change, versions kept', async () => {
      await createWithAlias();
      const bodies = Array.from({ length: 20 }, (_, k) => body(...Array.from({ length: 50 }, (_, i) => k * 50 + i)));
      bodies.push(Buffer.from(document(5_000, 1_700_000_000_000)));
      let bytes = 0;
      const writer = cluster.bulkWriter(index, alias);
      for (const one of [...bodies, ...bodies.slice(0, 5)]) {
        await writer.write(one, { onWritten: (more) => (bytes += more) });
      }
      await writer.flush();
      expect(bytes).toBe([...bodies, ...bodies.slice(0, 5)].reduce((sum, one) => sum + one.length, 0));
      await cluster.refresh([index]);
      expect(await cluster.count(index)).toBe(1_001);
      const [state] = await cluster.shardStates([index]);
      const read = await collect(cluster.reader.readSealed(shardOf(index), { from: 0, to: state.maxSeqNo + 1 }));
      expect(read.find(({ id }) => id === '5000')?.version).toBe('1700000000000');
      expect(new Set(read.map(({ id }) => id)).size).toBe(1_001);
    });

    it('stops when the index is deleted, and does not make it again', async () => {
      await createWithAlias();
      const writer = cluster.bulkWriter(index, alias);
      await written(writer, body(1, 2, 3));
      await cluster.deleteIndex(index);
      expect(await failureOf(written(writer, body(4, 5)))).toMatchObject({
        code: 'index_not_found_exception',
        message: expect.stringContaining(`[${index}]`),
      });
      expect(await cluster.indexExists(index)).toBe(false);
      expect(await cluster.indexExists(alias)).toBe(false);
    });

    onRealClusters('names the document that the cluster rejects, and why', async () => {
      await createWithAlias('{"dynamic":"strict","properties":{"n":{"type":"long"}}}');
      const wrong = Buffer.concat([body(1, 2), Buffer.from(document(77, 1, '{"n":"seven"}')), body(3)]);
      const rejected = await failureOf(written(cluster.bulkWriter(index, alias), wrong));
      expect(rejected.code).toBe('document_rejected');
      expect(rejected.message).toContain(`[${index}] rejected document [77]`);
      await cluster.refresh([index]);
      expect(await cluster.count(index)).toBe(3);
    });

    it('reports a newer version of a document that is there already', async () => {
      await createWithAlias();
      await written(cluster.bulkWriter(index, alias), Buffer.from(document(1, 9)));
      const rejected = await failureOf(written(cluster.bulkWriter(index, alias), Buffer.from(document(1, 3))));
      expect(rejected).toMatchObject({
        code: 'document_rejected',
        message: expect.stringContaining('version_conflict'),
      });
    });

    onRealClusters('gives the positions of what was rejected', async () => {
      await createWithAlias('{"dynamic":"strict","properties":{"n":{"type":"long"}}}');
      const lines = Array.from({ length: 40 }, (_, i) => document(i, 1, i % 2 ? '{"n":1}' : '{"n":"x"}')).join('');
      const result = await cluster.bulk(alias, Buffer.from(lines));
      expect(result.rejectedTotal).toBe(20);
      expect(result.throttled).toEqual([]);
      expect(result.rejected.length).toBe(10);
      expect(result.rejected[1]).toMatchObject({ position: 2, status: 400 });
    });

    it('cuts bodies larger than it may send', async () => {
      await createWithAlias();
      const many = body(...Array.from({ length: 1_000 }, (_, i) => i));
      await written(cluster.bulkWriter(index, alias, { maxBytes: 5_000 }), many);
      await cluster.refresh([index]);
      expect(await cluster.count(index)).toBe(1_000);
    });
  });

  describe('making an index again', () => {
    const stored = async (): Promise<{ name: string; settings: string; mappings: string; aliases: string }> => {
      const [found] = await cluster.resolveIndices([index], { ignoreUnavailable: false });
      return found;
    };

    const finished = (old: Awaited<ReturnType<typeof stored>>, target: string) =>
      finishLoaded(
        cluster,
        { ...old, uuid: '', shards: [] },
        target,
        { includeAliases: true, partial: false },
        alias,
        new AbortController().signal,
      );

    it('gives the new index settings, mappings and aliases of the old one', async () => {
      await cluster.createIndex(index, {
        settings:
          '{"index":{"number_of_shards":2,"number_of_replicas":0,"refresh_interval":"7s","max_result_window":500}}',
        mappings: '{"properties":{"n":{"type":"long"}}}',
        aliases: '{"reader":{"filter":{"term":{"n":1}}},"writer":{"is_write_index":true}}',
      });
      const old = await stored();
      const { createSettings, dropped } = restorableIndex(old, {});
      const created = await cluster.createIndexTolerant('writing-2', {
        settings: createSettings,
        mappings: old.mappings,
        aliases: `{"${alias}":{}}`,
      });
      expect([dropped, created.dropped]).toEqual([[], []]);
      expect(await cluster.aliasPointsTo(alias, 'writing-2')).toBe(true);
      expect(await cluster.aliasPointsTo(alias, index)).toBe(false);
      await cluster.deleteIndex(index);
      expect(await finished(old, 'writing-2')).toEqual([]);
      const [now] = await cluster.resolveIndices(['writing-2'], { ignoreUnavailable: false });
      expect(JSON.parse(now.aliases)).toEqual(JSON.parse(old.aliases));
      expect(JSON.parse(now.mappings)).toEqual(JSON.parse(old.mappings));
      const settings = (JSON.parse(now.settings) as { index: Json }).index;
      expect(settings).toMatchObject({
        number_of_shards: '2',
        number_of_replicas: '0',
        refresh_interval: '7s',
        max_result_window: '500',
      });
      expect((settings.translog as Json | undefined)?.durability).toBeUndefined();
      expect(await cluster.aliasPointsTo(alias, 'writing-2')).toBe(false);
      expect(await cluster.aliasPointsTo(alias, 'no-such-index')).toBe(false);
    });

    onRealClusters('keeps pipelines away from restored documents, and gives them back at the end', async () => {
      const mark = { set: { field: 'marked', value: true } };
      // A bare node has no processors; there the settings alone are tried.
      await rest
        .call('PUT', '/_ingest/pipeline/mark', { processors: [mark] })
        .catch(() => rest.call('PUT', '/_ingest/pipeline/mark', { processors: [] }));
      await rest.createIndex(index, { default_pipeline: 'mark', final_pipeline: 'mark' });
      const old = await stored();
      await rest.deleteIndices(index);
      await cluster.createIndex(index, {
        settings: restorableIndex(old, {}).createSettings,
        aliases: `{"${alias}":{}}`,
      });
      await written(cluster.bulkWriter(index, alias), body(1));
      await cluster.refresh([index]);
      const [read] = await collect(cluster.reader.readSealed(shardOf(index), { from: 0, to: 1 }));
      expect(read.source).toBe('{"n":1}');
      await finished(old, index);
      expect(JSON.parse((await stored()).settings)).toMatchObject({
        index: { default_pipeline: 'mark', final_pipeline: 'mark' },
      });
    });

    onRealClusters('leaves out exactly what the cluster does not know, and says so', async () => {
      const settings = JSON.stringify({
        'index.number_of_shards': '1',
        'index.number_of_replicas': '0',
        'index.lifecycle_of_elsewhere.name': 'policy',
        'index.another_product.setting': '5',
        'index.codec': 'codec_of_elsewhere',
        'index.max_result_window': '77',
      });
      const mappings = `{"dynamic":"strict","properties":{
        "kept":{"type":"keyword","ignore_above":20,"parameter_of_elsewhere":true},
        "vector":{"type":"type_of_elsewhere","dims":3},
        "outer":{"properties":{"inner":{"type":"text","fields":{"raw":{"type":"type_of_elsewhere"},"k":{"type":"keyword"}}}}},
        "big":{"type":"long","null_value":9007199254740993}}}`;
      const { dropped } = await cluster.createIndexTolerant(index, { settings, mappings, aliases: `{"${alias}":{}}` });
      const report = dropped.map(({ name, reason }) => `${name}: ${reason}`).join('\n');
      expect(dropped.length).toBe(6);
      for (const name of [
        'lifecycle_of_elsewhere',
        'another_product',
        'index.codec',
        'parameter_of_elsewhere',
        'vector',
        'raw',
      ]) {
        expect(report).toContain(name);
      }
      const now = await stored();
      expect(JSON.parse(now.settings)).toMatchObject({ index: { max_result_window: '77' } });
      expect(JSON.parse(now.mappings)).toMatchObject({
        dynamic: 'strict',
        properties: {
          kept: { type: 'keyword', ignore_above: 20 },
          vector: { type: 'object', enabled: false },
          outer: { properties: { inner: { type: 'text', fields: { k: { type: 'keyword' } } } } },
        },
      });
      expect(now.mappings).toContain('9007199254740993');
      // What was kept for the unknown type takes any value.
      await written(cluster.bulkWriter(index, alias), Buffer.from(document(1, 1, '{"vector":[1,2,3],"kept":"a"}')));
    });

    it('finishes an index whatever of its aliases and settings the cluster refuses, and tells which', async () => {
      await cluster.createIndex('other', {
        settings: '{"index.number_of_replicas":0}',
        aliases: '{"writer":{"is_write_index":true}}',
      });
      await createWithAlias();
      const [plain] = await cluster.resolveIndices([index], { ignoreUnavailable: false });
      const leftOut = await finished(
        {
          ...plain,
          settings: '{"index.number_of_replicas":"0","index.refresh_interval":"soon"}',
          aliases: '{"writer":{"is_write_index":true},"other":{},"reader":{}}',
        },
        index,
      );
      expect(leftOut.map(({ kind, name }) => `${kind} ${name}`).sort()).toEqual(
        expect.arrayContaining(['alias other', 'alias writer.is_write_index']),
      );
      const now = await stored();
      expect(Object.keys(JSON.parse(now.aliases) as Json).sort()).toEqual(['reader', 'writer']);
      expect(now.settings).not.toContain('"-1"');
      expect(JSON.stringify(await rest.call('GET', '/_alias/writer'))).toMatch(/"other":.*"is_write_index":true/);
    });

    onRealClusters('makes an index that takes nothing of the templates of the cluster', async () => {
      try {
        // In this order: Elasticsearch 8 takes no legacy template beside a composable one.
        await rest.call('PUT', '/_template/legacy', {
          index_patterns: ['writ*'],
          settings: { 'index.max_inner_result_window': 9 },
        });
        await rest.call('PUT', '/_index_template/broad', {
          index_patterns: ['wri*', '*'],
          template: {
            settings: { 'index.final_pipeline': 'no-such-pipeline', 'index.max_result_window': 9 },
            mappings: { dynamic: 'strict', _meta: { of: 'template' } },
            aliases: { leaked: {} },
          },
        });
        const definition = {
          settings: JSON.stringify({
            'index.number_of_shards': '2',
            'index.refresh_interval': '-1',
            'index.number_of_replicas': '0',
            'index.max_result_window': '77',
          }),
          mappings: '{"properties":{"n":{"type":"long"}}}',
          aliases: `{"${alias}":{}}`,
        };
        const made = await cluster.createUntemplated({ name: index, definition, hidden: null, token: 'abc1' });
        expect(made).toEqual({ dropped: [], cloned: true });
        expect(await cluster.waitingFor(index)).toBeUndefined();
        await cluster.deleteEmptyIndex('abc1');
        const now = await stored();
        expect(JSON.parse(now.aliases)).toEqual({ [alias]: {} });
        expect(JSON.parse(now.mappings)).toEqual(JSON.parse(definition.mappings));
        const { index: settings } = JSON.parse(now.settings) as { index: Json };
        expect(settings).toMatchObject({ number_of_shards: '2', number_of_replicas: '0', max_result_window: '77' });
        expect(settings).not.toHaveProperty('final_pipeline');
        expect(settings).not.toHaveProperty('max_inner_result_window');
        expect(settings.hidden ?? null).toBeNull();
        await written(cluster.bulkWriter(index, alias), body(1), Buffer.from(document(2, 1, '{"unmapped":1}')));
        expect(Object.keys(await rest.call('GET', '/_alias?expand_wildcards=all')).join()).not.toContain('empty');
      } finally {
        await rest.call('DELETE', '/_index_template/broad');
        await rest.call('DELETE', '/_template/legacy');
      }
    });

    it('asks and changes several indices in one request each', async () => {
      await createWithAlias();
      await rest.createIndex('writing-2');
      const wanted = [
        { target: index, alias },
        { target: 'writing-2', alias: '.one-off-alias-2' },
        { target: 'other', alias: '.one-off-alias-3' },
      ];
      const uuid = await cluster.indexUuid(index);
      expect(await cluster.uuidsBehind(wanted)).toEqual(new Map([[index, uuid]]));
      expect(await cluster.uuidsBehind(wanted.slice(1))).toEqual(new Map());
      // The alias of one index must not stand for another.
      expect(await cluster.uuidsBehind([{ target: 'writing-2', alias }])).toEqual(new Map());
      const targets = [index, 'writing-2'];
      expect(await cluster.activeIndices(targets)).toEqual(new Set(targets));
      await cluster.putSharedSettings(targets, '{"index.refresh_interval":"7s"}');
      const found = await cluster.resolveIndices(targets, { ignoreUnavailable: false });
      expect(found.map(({ settings }) => (JSON.parse(settings) as { index: Json }).index.refresh_interval)).toEqual([
        '7s',
        '7s',
      ]);
    });

    onRealClusters('knows what a restore must not ask of the cluster', async () => {
      await rest.createIndex(index);
      await rest.call('POST', '/_aliases', { actions: [{ add: { index, alias: 'also' } }] });
      const state = await cluster.targetState();
      expect(state.indices.get(index)).toEqual(['also']);
      expect(state.aliases).toContain('also');
      expect(state.block).toBeUndefined();
      expect(state.room?.shards).toBeGreaterThan(10);
      await rest.call('PUT', '/_cluster/settings', { transient: { 'cluster.blocks.read_only': true } });
      expect((await cluster.targetState()).block).toContain('cluster read-only');
      await rest.call('PUT', '/_cluster/settings', { transient: { 'cluster.blocks.read_only': null } });
      const problem = (settings: Json) => cluster.settingsProblem(new Map(Object.entries(settings)));
      expect(await problem({ 'index.refresh_interval': '5s', 'index.of_another_product': 1 })).toBeUndefined();
      expect(await problem({ 'index.refresh_interval': 'soon' })).toContain('index.refresh_interval');
      expect(await problem({ 'index.number_of_replicas': 'x' })).toContain('index.number_of_replicas');
      expect(await cluster.pipelineExists('no-such-pipeline')).toBe(false);
    });

    onRealClusters('says what an index without a node waits for', async () => {
      await cluster.createIndex(index, {
        settings: '{"index.number_of_replicas":0,"index.routing.allocation.require.box":"none"}',
      });
      expect(await cluster.waitingFor(index)).toMatch(/not active.*\[none\]|not active.*"none"|not active.*box/s);
    });

    it('refuses what is wrong rather than unknown', async () => {
      await rest.createIndex(index);
      const again = await failureOf(cluster.createIndexTolerant(index, { settings: '{}' }));
      expect(again).toMatchObject({ code: 'cluster_rejected', message: expect.stringContaining('already_exists') });
      expect((await failureOf(cluster.deleteIndex('no-such-index'))).code).toBe('index_not_found_exception');
      for (const name of ['*', 'writing*', 'writing,other', '_all', '-x', '']) {
        expect((await failureOf((async () => cluster.deleteIndex(name))())).code).toBe('illegal_argument_exception');
      }
      expect(await cluster.indexExists(index)).toBe(true);
    });
  });
}
