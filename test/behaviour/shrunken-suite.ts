import { createHash } from 'node:crypto';
import { type RunningSnapkeep, until } from '../support/running-snapkeep';
import { documentsOf } from './documents';

const SOURCE_SHARDS = 4;

/** Text that does not compress much, the same every time. */
function noise(seed: string, length: number): string {
  return createHash('shake256', { outputLength: length }).update(seed).digest('base64url').slice(0, length);
}

/**
 * A shrunken index: the documents of its shard come from several shards, and share their sequence numbers. Needs a
 * cluster that can shrink.
 */
export function shrunkenSuite(running: () => RunningSnapkeep, basePath: string): void {
  it.each([
    ['small', 400, 20],
    ['large', 900, 50_000],
  ])(
    'a %s shrunken index comes back whole, and its snapshots stay incremental',
    async (size, count, bytes) => {
      const snapkeep = running();
      const repository = `shrunken-${size}`;
      const source = `whole-${size}`;
      const index = `shrunken-${size}`;
      const expected = new Map<string, string>();
      const call = async (method: string, target: string, body?: unknown): Promise<unknown> => {
        const answer = await snapkeep.call(method, target, body, { 'content-type': 'application/json' });
        expect([target, answer.status, answer.text.slice(0, 500)]).toEqual([target, 200, expect.anything()]);
        return answer.json;
      };
      const write = async (into: string, ids: readonly number[], round: number): Promise<void> => {
        for (let at = 0; at < ids.length; at += 100) {
          const lines = ids.slice(at, at + 100).map((id) => {
            const text = `{"id":${id},"round":${round},"text":"${noise(`${id} ${round}`, bytes)}"}`;
            expected.set(String(id), text);
            return `{"index":{"_index":"${into}","_id":"${id}"}}\n${text}\n`;
          });
          expect(await call('POST', '/_bulk?filter_path=errors', lines.join(''))).toEqual({ errors: false });
        }
      };
      const takeAndCompare = async (name: string): Promise<{ added: number }> => {
        const query = 'wait_for_completion=true';
        const taken = await call('PUT', `/_snapshot/${repository}/${name}?${query}`, { indices: index });
        expect(taken).toMatchObject({ snapshot: { state: 'SUCCESS' } });
        const restored = `${index}-${name}`;
        const rename = { indices: index, rename_pattern: index, rename_replacement: restored };
        expect(await call('POST', `/_snapshot/${repository}/${name}/_restore?${query}`, rename)).toMatchObject({
          snapshot: { shards: { failed: 0 } },
        });
        const found = await documentsOf(snapkeep.clusterUrl, restored);
        expect(new Map([...found].map(([id, one]) => [id, one.source]))).toEqual(expected);
        await call('DELETE', `/${restored}`);
        const status = (await call('GET', `/_snapshot/${repository}/${name}/_status`)) as {
          snapshots: { stats: { incremental: { file_count: number } } }[];
        };
        return { added: status.snapshots[0].stats.incremental.file_count };
      };

      await call('PUT', `/_snapshot/${repository}`, {
        type: 'oss',
        settings: snapkeep.ossSettings(`${basePath}/${repository}`),
      });
      await call('PUT', `/${source}`, {
        settings: { number_of_shards: SOURCE_SHARDS, number_of_replicas: 0 },
        mappings: { properties: { text: { type: 'keyword', index: false, doc_values: false } } },
      });
      await write(source, [...Array(count).keys()], 0);
      await call('PUT', `/${source}/_settings`, { 'index.blocks.write': true });
      await call('POST', `/${source}/_shrink/${index}`, {
        settings: { 'index.number_of_shards': 1, 'index.number_of_replicas': 0, 'index.blocks.write': null },
      });
      await until(
        () => snapkeep.call('GET', `/_cluster/health/${index}`),
        ({ json }) => json?.status === 'green',
      );
      const first = await takeAndCompare('one');
      expect(first.added).toBeGreaterThan(0);
      expect((await takeAndCompare('two')).added).toBe(0);
      await write(index, [1, 5, 9, count + 1], 1);
      await call('DELETE', `/${index}/_doc/7`);
      expected.delete('7');
      await takeAndCompare('three');
      await write(index, [count + 2], 2);
      const last = await takeAndCompare('four');
      expect(last.added).toBe(1);
      await call('DELETE', `/${source},${index}`);
    },
    180_000,
  );
}
