import { flattenSettings } from '../../src/elasticsearch/flat-settings';
import { type RunningSnapkeep } from '../support/running-snapkeep';
import { documentsOf, HOSTILE_SOURCES } from './documents';

/** One place of one bucket, in which the installations of all engines keep their snapshots. */
const REPOSITORY = 'migrations';
const INDEX = 'migrating';
const DOCUMENTS = 600;

const SETTINGS = {
  number_of_shards: 2,
  number_of_replicas: 0,
  refresh_interval: '7s',
  max_result_window: 12_345,
  mapping: { total_fields: { limit: 777 } },
  analysis: {
    analyzer: { words: { type: 'custom', tokenizer: 'standard', filter: ['lowercase', 'none_of_these'] } },
    filter: { none_of_these: { type: 'stop', stopwords: ['the', 'a'] } },
  },
};

const MAPPINGS = {
  _meta: { made_by: 'the migration suite', size: 9007199254740991 },
  _routing: { required: false },
  dynamic: 'strict',
  dynamic_templates: [{ texts: { match_mapping_type: 'string', mapping: { type: 'keyword', ignore_above: 99 } } }],
  properties: {
    path: { type: 'text', analyzer: 'words', fields: { raw: { type: 'keyword', ignore_above: 300 } } },
    at: { type: 'date', format: 'strict_date_optional_time||epoch_millis' },
    place: { type: 'geo_point' },
    address: { type: 'ip' },
    price: { type: 'half_float' },
    parts: { type: 'nested', properties: { name: { type: 'keyword' }, size: { type: 'long' } } },
    hidden: { type: 'object', enabled: false },
    kept: { type: 'object', dynamic: false },
  },
};

const ALIASES = {
  'migrating-all': {},
  'migrating-some': { filter: { term: { 'path.raw': '/a/b/3' } }, index_routing: '1', search_routing: '1,2' },
};

/** Keeps a snapshot, named after the engine, of an index that uses what all engines have in common. */
export async function keepForMigration(running: RunningSnapkeep, name: string): Promise<void> {
  await expectOk(running, 'PUT', `/_snapshot/${REPOSITORY}`, {
    type: 'oss',
    settings: running.ossSettings(REPOSITORY),
  });
  await expectOk(running, 'PUT', `/${INDEX}`, { settings: SETTINGS, mappings: MAPPINGS, aliases: ALIASES });
  const lines = HOSTILE_SOURCES.map((source, i) => `{"index":{"_id":"hostile ${i}"}}\n{"kept":${source}}\n`);
  for (let i = 0; i < DOCUMENTS; i++) {
    lines.push(`{"index":{"_id":"${i}"${i % 7 === 0 ? ',"routing":"r"' : ''}}}\n${sourceOf(i)}\n`);
  }
  const bulk = await running.call(
    'POST',
    `/${INDEX}/_bulk?refresh=true&filter_path=errors,items.*.error`,
    lines.join(''),
  );
  expect(bulk.json).toEqual({ errors: false });
  const taken = await expectOk(running, 'PUT', `/_snapshot/${REPOSITORY}/${name}?wait_for_completion=true`, {
    indices: INDEX,
  });
  expect(taken).toMatchObject({ snapshot: { state: 'SUCCESS', shards: { failed: 0 } } });
}

/** Restores what another installation kept, and compares it with the cluster that it came from. */
export async function expectMigrated(to: RunningSnapkeep, from: RunningSnapkeep, name: string): Promise<void> {
  const target = `migrated-from-${name}`;
  const alias = (one: string): string => `from-${name}-${one}`;
  const restored = await expectOk(to, 'POST', `/_snapshot/${REPOSITORY}/${name}/_restore?wait_for_completion=true`, {
    indices: INDEX,
    rename_pattern: '.+',
    rename_replacement: target,
    rename_alias_pattern: '(.+)',
    rename_alias_replacement: alias('$1'),
  });
  expect(restored).toMatchObject({ snapshot: { indices: [target], shards: { total: 2, failed: 0, successful: 2 } } });
  const [before, after] = await Promise.all([documentsOf(from.clusterUrl, INDEX), documentsOf(to.clusterUrl, target)]);
  expect(before.size).toBe(DOCUMENTS + HOSTILE_SOURCES.length);
  expect(after).toEqual(before);
  const [there, here] = [await described(from, INDEX), await described(to, target)];
  expect(here.settings).toEqual(there.settings);
  expect(here.mappings).toEqual(there.mappings);
  expect(here.aliases).toEqual(
    Object.fromEntries(Object.entries(there.aliases).map(([one, body]) => [alias(one), body])),
  );
  const found = await expectOk(to, 'POST', `/${alias('migrating-all')}/_search`, {
    query: {
      bool: {
        filter: [
          { match: { path: 'B' } },
          { range: { at: { gte: '2026-01-01', lt: '2026-02-01' } } },
          { nested: { path: 'parts', query: { term: { 'parts.name': 'p5' } } } },
        ],
      },
    },
  });
  expect((found.hits as { hits: { _id: string }[] }).hits.map(({ _id }) => _id)).toEqual(['5']);
}

function sourceOf(i: number): string {
  const day = String((i % 28) + 1).padStart(2, '0');
  return (
    `{"path":"/A/b/${i}", "at":"2026-01-${day}T00:00:00Z","price":${i}.50,"address":"10.0.0.${i % 250}",` +
    `"place":{"lat":${(i % 80) + 0.5},"lon":-7.25},"parts":[{"name":"p${i}","size":${i}}],"hidden":{"n":${i}.0}}`
  );
}

/** Settings that differ between two indices of the same content, and the one that only OpenSearch gives each index. */
const OWN =
  /^index\.(uuid|version\..*|creation_date.*|provided_name|resize\..*|routing\.allocation\..*|replication\.type)$/;

async function described(
  running: RunningSnapkeep,
  index: string,
): Promise<{
  settings: Record<string, unknown>;
  mappings: unknown;
  aliases: Record<string, unknown>;
}> {
  const answer = await expectOk(running, 'GET', `/${index}`);
  const { settings, mappings, aliases } = answer[index] as Record<'settings' | 'mappings' | 'aliases', object>;
  return {
    settings: Object.fromEntries([...flattenSettings(settings)].filter(([name]) => !OWN.test(name))),
    mappings,
    aliases: aliases as Record<string, unknown>,
  };
}

async function expectOk(
  running: RunningSnapkeep,
  method: string,
  target: string,
  body?: unknown,
): Promise<Record<string, unknown>> {
  const answer = await running.call(method, target, body);
  expect([target, answer.status, answer.text.slice(0, 1_000)]).toEqual([target, 200, expect.anything()]);
  return answer.json as Record<string, unknown>;
}
