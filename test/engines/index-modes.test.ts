import { documentsOf } from '../behaviour/documents';
import { engineBehindSnapkeep } from '../support/engine-behind-snapkeep';
import { availableEngines } from '../support/engines';
import { type Answer } from '../support/running-snapkeep';

/** Only this one has all modes, and keeps vectors out of `_source`. */
const NAME = 'elasticsearch-9.5';
const DOCUMENTS = 300;

const TIME_SERIES = {
  mode: 'time_series',
  routing_path: ['host'],
  'time_series.start_time': '2026-01-01T00:00:00Z',
  'time_series.end_time': '2027-01-01T00:00:00Z',
};
const POINTS = {
  properties: {
    host: { type: 'keyword', time_series_dimension: true },
    load: { type: 'double', time_series_metric: 'gauge' },
  },
};

/** Indices that are taken. */
const TAKEN: Record<string, { settings: object; mappings?: object }> = {
  'time-series': { settings: TIME_SERIES, mappings: POINTS },
  logs: { settings: { mode: 'logsdb' } },
  synthetic: { settings: { 'mapping.source.mode': 'synthetic' } },
  vectors: { settings: {}, mappings: { properties: { vector: { type: 'dense_vector', dims: 3 } } } },
};

/** Indices whose documents have no sequence numbers that can be asked for. */
const REFUSED: Record<string, { settings: object; mappings?: object }> = {
  columnar: { settings: { mode: 'columnar' } },
  unnumbered: { settings: { disable_sequence_numbers: true } },
  'unnumbered-time-series': { settings: { ...TIME_SERIES, disable_sequence_numbers: true }, mappings: POINTS },
};

const { title, missing } = availableEngines().find(({ name }) => name === NAME)!;

(missing === undefined ? describe : describe.skip)(
  `with ${title}, a snapshot of indices of all modes${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    let taken: Answer;

    const parts = engineBehindSnapkeep(NAME, async ({ snapkeep }) => {
      await snapkeep.call('PUT', '/_snapshot/r', { type: 'oss', settings: snapkeep.ossSettings('modes') });
      for (const [index, { settings, mappings }] of Object.entries({ ...TAKEN, ...REFUSED })) {
        const made = await snapkeep.call('PUT', `/${index}`, {
          settings: { number_of_replicas: 0, ...settings },
          mappings,
        });
        expect([index, made.status]).toEqual([index, 200]);
        const written = await snapkeep.call(
          'POST',
          `/${index}/_bulk?refresh=true&filter_path=errors,items.*.error`,
          Array.from({ length: DOCUMENTS }, (_, i) => `{"create":{}}\n${sourceOf(index, i)}\n`).join(''),
        );
        expect([index, written.json]).toEqual([index, { errors: false }]);
      }
      taken = await snapkeep.call('PUT', '/_snapshot/r/s?wait_for_completion=true', { partial: true });
    });

    it('says of each index that keeps no sequence numbers why it is not taken', () => {
      const { state, failures } = taken.json.snapshot as { state: string; failures: Record<string, unknown>[] };
      expect(state).toBe('PARTIAL');
      expect(failures.map(({ index }) => index).sort()).toEqual(Object.keys(REFUSED).sort());
      for (const { index, reason } of failures) {
        expect(reason).toContain(`index [${String(index)}] keeps no sequence numbers`);
      }
    });

    it.each(Object.keys(TAKEN))('gives back every document of [%s], with its mode', async (index) => {
      const { engine, snapkeep } = parts();
      const restored = await snapkeep.call('POST', '/_snapshot/r/s/_restore?wait_for_completion=true', {
        indices: index,
        rename_pattern: '.+',
        rename_replacement: `restored-${index}`,
      });
      expect(restored.json?.snapshot ?? restored.text).toMatchObject({ shards: { total: 1, failed: 0 } });
      const before = await documentsOf(engine.url, index);
      expect(before.size).toBe(DOCUMENTS);
      if (index === 'vectors') expect([...before.values()][0]!.source).toContain('"vector":[');
      expect(await documentsOf(engine.url, `restored-${index}`)).toEqual(before);
      const settings = await snapkeep.call('GET', `/${index},restored-${index}/_settings?flat_settings`);
      const modes = [index, `restored-${index}`].map((one) => settings.json[one].settings['index.mode']);
      expect(modes[1]).toBe(modes[0]);
    });
  },
);

function sourceOf(index: string, i: number): string {
  const at = `"@timestamp":"2026-05-${String((i % 28) + 1).padStart(2, '0')}T00:00:${String(i % 60).padStart(2, '0')}.000Z"`;
  if (index.endsWith('time-series')) return `{${at},"host":"host ${i}","load":${i}.5}`;
  const vector = index === 'vectors' ? `,"vector":[${i},0.5,-1]` : '';
  return `{${at},"n":${i},"list":[3,1,2],"text":"number ${i}"${vector}}`;
}
