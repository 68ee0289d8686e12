import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeGlobalState } from '../behaviour/global-state-suite';
import { engineBehindSnapkeep } from '../support/engine-behind-snapkeep';
import { availableEngines, type Engine, startEngine } from '../support/engines';
import { type RunningSnapkeep, startSnapkeep } from '../support/running-snapkeep';

for (const { name, title, missing } of availableEngines()) {
  (missing === undefined ? describe : describe.skip)(
    `with ${title}${missing === undefined ? '' : ` (${missing})`}`,
    () => {
      const parts = engineBehindSnapkeep(name);

      describeGlobalState({
        snapkeep: () => parts().snapkeep,
        native: true,
        // The published parts of Elasticsearch 8 and 9 have no script languages.
        scripts: !/^elasticsearch-[89]/.test(name),
        legacy: true,
      });
    },
  );
}

const [opensearch, elasticsearch] = ['opensearch-3.8', 'elasticsearch-8.19'].map((name) =>
  availableEngines().find((one) => one.name === name && one.missing === undefined),
);

(opensearch !== undefined && elasticsearch !== undefined ? describe : describe.skip)('between products', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'snapkeep-state-between-'));
  const engines: Engine[] = [];
  const running: RunningSnapkeep[] = [];

  beforeAll(async () => {
    for (const { name } of [opensearch!, elasticsearch!]) {
      const engine = await startEngine(name, { dataDir: join(dataDir, name), javaHeap: '768m' });
      engines.push(engine);
      running.push(await startSnapkeep({ clusterUrl: engine.url, oss: running[0]?.oss }));
    }
    for (const { call } of running) {
      await call('PUT', '/_snapshot/r', { type: 'oss', settings: running[0]!.ossSettings('between') });
    }
  }, 400_000);
  afterAll(async () => {
    for (const one of running.reverse()) await one.stop();
    for (const engine of engines) await engine.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }, 120_000);

  it('takes what the other product knows, and tells what it left out', async () => {
    const [source, target] = [running[0]!.call, running[1]!.call];
    const mappings = { properties: { flat: { type: 'flat_object' }, word: { type: 'keyword' } } };
    await source('PUT', '/_component_template/parts', { template: { mappings } });
    await source('PUT', '/_index_template/stream', {
      index_patterns: ['stream-*'],
      composed_of: ['parts'],
      data_stream: {},
    });
    await source('PUT', '/_ingest/pipeline/sets', { processors: [{ set: { field: 'a', value: 1 } }] });
    await source('PUT', '/_scripts/mine', { script: { lang: 'painless', source: 'return 1' } });
    await source('PUT', '/_cluster/settings', { persistent: { 'search.default_search_timeout': '50s' } });
    await source('PUT', '/_snapshot/r/s?wait_for_completion=true', {});
    const { json, text } = await target('POST', '/_snapshot/r/s/_restore?wait_for_completion=true', {
      include_global_state: true,
    });
    const told = (json.left_out ?? []).map(({ kind, name }: { kind: string; name: string }) => `${kind} ${name}`);
    expect([text, new Set(told)]).toEqual([
      text,
      new Set(['stored_script mine', 'ingest_pipeline sets', 'component_template parts', 'index_template stream']),
    ]);
    const { json: parts } = await target('GET', '/_component_template/parts');
    expect(parts.component_templates[0].component_template.template.mappings.properties.word.type).toBe('keyword');
    const { json: stream } = await target('GET', '/_index_template/stream');
    expect(stream.index_templates[0].index_template).toMatchObject({ composed_of: ['parts'], data_stream: {} });
    const { json: settings } = await target('GET', '/_cluster/settings?flat_settings=true');
    expect(settings.persistent).toEqual({ 'search.default_search_timeout': '50s' });
  }, 120_000);
});
