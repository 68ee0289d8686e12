import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cluster, openCluster } from '../../src/cluster/cluster';
import { type DocumentReader } from '../../src/cluster/reading/document-reader';
import { MAX_SEQ_NO } from '../../src/contracts/seq-no';
import { type Page } from '../../src/documents/page';
import { collect, failureOf, Rest, shardOf } from '../cluster/support';
import { availableEngines, type Engine, startEngine } from '../support/engines';

const INDEX = 'limits';
const DOCUMENTS = 6_000;
const target = shardOf(INDEX, { bytesPerDocument: 4_000 });
/** One of so many documents is deleted. */
const EVERY = 50;
const isLive = (n: number): boolean => n % EVERY !== 7;
const LIVE = Array.from({ length: DOCUMENTS }, (_, n) => n).filter(isLive);

for (const { name, title, missing } of availableEngines()) {
  (missing === undefined ? describe : describe.skip)(`${title}${missing === undefined ? '' : ` (${missing})`}`, () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'snapkeep-limits-'));
    let engine: Engine;
    let rest: Rest;
    let cluster: Cluster;

    beforeAll(async () => {
      engine = await startEngine(name, { dataDir, javaHeap: '768m' });
      rest = new Rest(() => engine.url);
      cluster = openCluster({ url: engine.url });
      await rest.createIndex(INDEX);
      const numbers = Array.from({ length: DOCUMENTS }, (_, n) => n);
      await rest.bulk(
        INDEX,
        numbers.flatMap((n) => [`{"index":{"_id":"${n}"}}`, `{"n":${n}}`]),
      );
      await rest.bulk(
        INDEX,
        numbers.filter((n) => !isLive(n)).map((n) => `{"delete":{"_id":"${n}"}}`),
      );
      await rest.refresh(INDEX);
    }, 300_000);
    afterAll(async () => {
      await cluster?.close();
      await engine?.stop();
      rmSync(dataDir, { recursive: true, force: true });
    });

    const set = (settings: Record<string, string | number | null>): Promise<unknown> =>
      rest.call('PUT', '/_cluster/settings', { transient: settings });
    const reset = (...keys: string[]): Promise<unknown> => set(Object.fromEntries(keys.map((key) => [key, null])));

    it.each([1, 10, 100])('is read whole with [search.max_buckets] of %i', async (limit) => {
      await set({ 'search.max_buckets': limit });
      try {
        await expectReadable(cluster.readerOf(await cluster.info()));
      } finally {
        await reset('search.max_buckets');
      }
    });

    it('is read whole where views may not be kept for as long as is asked for', async () => {
      const keys = ['search.default_keep_alive', 'search.max_keep_alive'];
      if (name.startsWith('opensearch')) keys.push('point_in_time.max_keep_alive');
      await set(Object.fromEntries(keys.map((key) => [key, key.includes('default') ? '20s' : '90s'])));
      try {
        await expectReadable(cluster.readerOf(await cluster.info()));
      } finally {
        await reset(...keys);
      }
    });

    it('is read whole with an [index.max_result_window] of 5 and an [index.max_terms_count] of 1', async () => {
      await rest.call('PUT', `/${INDEX}/_settings`, { max_result_window: 5, max_terms_count: 1 });
      try {
        const reader = cluster.readerOf(await cluster.info());
        const read = await collect(reader.readSealed(target, { from: 0, to: 60 }));
        expect(read.map(({ seqNo }) => seqNo)).toEqual(LIVE.filter((n) => n < 60));
        const { page } = await reader.probe(target, { ranges: [], last: { from: 0, to: 100 }, documents: 8 });
        expect((await collect(one({ body: page }))).map(({ seqNo }) => seqNo)).toEqual([99, 98, 97, 96, 95]);
      } finally {
        await rest.call('PUT', `/${INDEX}/_settings`, { max_result_window: null, max_terms_count: null });
      }
    });

    it('that lets nobody open a view says so at once', async () => {
      if (name === 'elasticsearch-8.19' || name === 'elasticsearch-9.5') return; // have no such limit for points in time
      const key = name.startsWith('opensearch') ? 'search.max_open_pit_context' : 'search.max_open_scroll_context';
      await set({ [key]: 0 });
      try {
        const reader = cluster.readerOf(await cluster.info());
        const opened = reader.openView(target, { known: [], read: [{ from: 0, to: MAX_SEQ_NO }] });
        expect(await failureOf(opened)).toMatchObject({
          code: 'cluster_rejected',
          message: expect.stringContaining('[0]'),
        });
      } finally {
        await reset(key);
      }
    });

    async function expectReadable(reader: DocumentReader): Promise<void> {
      const known = Array.from({ length: 125 }, (_, k) => ({ from: k * 40, to: (k + 1) * 40, live: 40 }));
      const counts = known.map(({ from, to }) => LIVE.filter((n) => n >= from && n < to).length);
      expect(await reader.count(target, known)).toEqual(counts);
      const parts = await reader.divide(target, { from: 0, to: DOCUMENTS }, 400 * target.bytesPerDocument);
      expect(parts.reduce((sum, { live }) => sum + live, 0)).toBe(LIVE.length);
      expect(parts.length).toBeGreaterThan(10);
      const read = await collect(reader.readSealed(target, { from: 0, to: DOCUMENTS }));
      expect(read.map(({ seqNo }) => seqNo)).toEqual(LIVE);
      const { sums, page } = await reader.probe(target, { ranges: known, last: { from: 0, to: 5_000 }, documents: 3 });
      expect(sums.map(({ count }) => count)).toEqual(counts);
      expect(sums[3].sum).toBe(LIVE.filter((n) => n >= 120 && n < 160).reduce((sum, n) => sum + n, 0));
      expect((await collect(one({ body: page }))).map(({ seqNo }) => seqNo)).toEqual([4_999, 4_998, 4_997]);
      const view = await reader.openView(target, {
        known: [...known, { from: 5_000, to: 5_900, live: 900 }],
        read: [{ from: 5_900, to: MAX_SEQ_NO }],
      });
      try {
        expect(view.counts).toEqual([...counts, 882]);
        const before = Float64Array.from({ length: 900 }, (_, i) => 5_000 + i);
        expect([...(await view.seqNos(2))]).toEqual(LIVE.filter((n) => n >= 80 && n < 120));
        expect([...(await view.seqNos(125, before))]).toEqual(LIVE.filter((n) => n >= 5_000 && n < 5_900));
        expect((await collect(view.documents(0))).map(({ seqNo }) => seqNo)).toEqual(LIVE.filter((n) => n >= 5_900));
      } finally {
        await view.close();
      }
    }
  });
}

async function* one(page: Page): AsyncGenerator<Page> {
  yield page;
}
