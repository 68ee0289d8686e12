import fc from 'fast-check';
import { type Cluster, openCluster } from '../../src/cluster/cluster';
import {
  type OrderedRequest,
  type OrderedView,
  type ShardTarget,
  type ShardView,
  type ViewRequest,
} from '../../src/cluster/reading/document-reader';
import { MAX_SEQ_NO } from '../../src/contracts/seq-no';
import { type Page } from '../../src/documents/page';
import { orderedResponses } from './hostile-documents';
import { closeCluster, type ClusterUnderTest, collect, failureOf, type ReadDocument, Rest, shardOf } from './support';

/** How shards are read, on any cluster. */
export function readingSuite({ url, embedded = false }: ClusterUnderTest): void {
  const rest = new Rest(url);
  let cluster: Cluster;
  const onRealClusters = embedded ? it.skip : it;

  beforeAll(() => {
    cluster = openCluster({ url: url() });
  });
  afterAll(() => closeCluster(cluster));

  const index = 'reading';
  afterEach(() => rest.deleteIndices(index));

  const write = async (from: number, to: number, text = (i: number) => `{"n":${i}}`): Promise<void> => {
    for (let a = from; a < to; a += 5_000) {
      const part = Array.from({ length: Math.min(to, a + 5_000) - a }, (_, k) => a + k);
      await rest.bulk(
        index,
        part.flatMap((i) => [`{"index":{"_id":"${i}"}}`, text(i)]),
      );
    }
  };
  const remove = (ids: readonly number[]): Promise<void> =>
    rest.bulk(
      index,
      ids.map((id) => `{"delete":{"_id":"${id}"}}`),
    );

  const withView = async <T>(request: ViewRequest, work: (view: ShardView) => Promise<T>): Promise<T> => {
    const view = await cluster.reader.openView(shardOf(index), request);
    try {
      return await work(view);
    } finally {
      await view.close();
    }
  };

  describe('reading documents', () => {
    it('returns each byte of a document as it was indexed', async () => {
      const sources = [
        '{"price":1.10,"big":9223372036854775807,"tiny":1e-7,"round":1.0,"exp":1E3}',
        '{"long":12345678901234567890.123456789,"zero":-0.0}',
        '{ "spaced" :  [ 1 , 2 ] ,"empty":{} }',
        '{"text":"\\u00e9 é \\ud83d\\ude00 😀 \\/ / \\" ,\\"sort\\":[0]}"}',
        '{"b":{"sort":[3]},"a":{"hits":{"hits":[{"_source":{"x":1},"sort":[4]}]}}}',
        '{"x":{"y":{},"sort":[5]}}',
      ];
      await rest.createIndex(index, {}, { dynamic: false });
      await rest.bulk(
        index,
        sources.flatMap((source, i) => [`{"index":{"_id":"${i}"}}`, source]),
      );
      await rest.refresh(index);
      const read = await collect(cluster.reader.readSealed(shardOf(index), { from: 0, to: sources.length }));
      expect(read.map(({ source }) => source)).toEqual(sources);
      const viewed = await withView({ known: [], read: [{ from: 0, to: MAX_SEQ_NO }] }, (view) =>
        collect(view.documents(0)),
      );
      expect(viewed).toEqual(read);
    });

    onRealClusters(
      'returns documents with a byte order mark as they were indexed, and they can be written so',
      async () => {
        const sources = ['{"a":1.0}', '\ufeff{"a":1.10}', '\ufeff {"b":[1.0]}', '\ufeff{"a":\n2.0}', '{"a":3.0}'];
        await rest.createIndex(index, {}, { dynamic: false });
        for (const [i, source] of sources.entries()) await rest.call('PUT', `/${index}/_doc/${i}`, source);
        await rest.refresh(index);
        const read = await collect(cluster.reader.readSealed(shardOf(index), { from: 0, to: sources.length }));
        expect(read.map(({ source }) => source)).toEqual(sources);
        const viewed = await withView({ known: [], read: [{ from: 0, to: MAX_SEQ_NO }] }, (view) =>
          collect(view.documents(0)),
        );
        expect(viewed).toEqual(read);
        const written = sources.map((source) => source.replace('\n', ' '));
        await rest.bulk(
          index,
          written.flatMap((source, i) => [
            `{"index":{"_id":"${i}","version":9,"version_type":"external_gte"}}`,
            source,
          ]),
        );
        await rest.refresh(index);
        const again = await collect(cluster.reader.readSealed(shardOf(index), { from: 0, to: 2 * sources.length }));
        expect(again.map(({ source }) => source)).toEqual(written);
      },
    );

    onRealClusters('returns documents of other formats as JSON', async () => {
      await rest.createIndex(index, {}, { dynamic: false });
      const put = async (id: string, type: string, body: Buffer): Promise<void> => {
        const response = await fetch(`${url()}/${index}/_doc/${id}`, {
          method: 'PUT',
          headers: { 'content-type': type },
          body: new Uint8Array(body),
        });
        expect(response.status).toBe(201);
      };
      await put('cbor', 'application/cbor', Buffer.from([0xa1, 0x61, 0x61, 0x01]));
      await put('smile', 'application/smile', Buffer.from([0x3a, 0x29, 0x0a, 1, 0xfa, 0x80, 0x61, 0xc2, 0xfb]));
      await put('yaml', 'application/yaml', Buffer.from('---\na: 3.0\n'));
      await rest.refresh(index);
      const read = await collect(cluster.reader.readSealed(shardOf(index), { from: 0, to: 3 }));
      expect(read.map(({ id, source }) => [id, source])).toEqual([
        ['cbor', '{"a":1}'],
        ['smile', '{"a":1}'],
        ['yaml', '{"a":3.0}'],
      ]);
    });

    onRealClusters('returns documents with comments and line breaks as they were indexed', async () => {
      const source = '{ // say "}\n  "a": 1, /* ,"sort":[0]} */\r\n  "b": [\n2]\n}';
      await rest.createIndex(index, {}, { dynamic: false });
      await rest.call('PUT', `/${index}/_doc/1`, source);
      await rest.refresh(index);
      const [read] = await collect(cluster.reader.readSealed(shardOf(index), { from: 0, to: 1 }));
      expect(read.source).toBe(source);
    });

    it('returns ids, routing and versions as they are, 64-bit versions included', async () => {
      await rest.createIndex(index);
      await rest.bulk(index, [
        '{"index":{"_id":"a \\" é/?#","routing":"r\\u00fc"}}',
        '{}',
        '{"index":{"_id":"b","version":1700000000000000123,"version_type":"external_gte"}}',
        '{}',
      ]);
      await rest.refresh(index);
      const read = await collect(cluster.reader.readSealed(shardOf(index), { from: 0, to: 2 }));
      expect(read).toEqual([
        { id: 'a " é/?#', routing: 'rü', version: '1', seqNo: 0, source: '{}' },
        { id: 'b', version: '1700000000000000123', seqNo: 1, source: '{}' },
      ]);
    });

    it('returns every live document of a range once and in order, however sparse', async () => {
      await rest.createIndex(index);
      await write(0, 23_000);
      const gone = Array.from({ length: 23_000 }, (_, i) => i).filter((i) => i > 4_000 && i % 97 !== 0);
      for (let a = 0; a < gone.length; a += 5_000) await remove(gone.slice(a, a + 5_000));
      await rest.refresh(index);
      const read = await collect(cluster.reader.readSealed(shardOf(index), { from: 100, to: 22_900 }));
      const expected = Array.from({ length: 22_800 }, (_, i) => i + 100).filter((i) => i <= 4_000 || i % 97 === 0);
      expect(read.map(({ seqNo }) => seqNo)).toEqual(expected);
      expect(await collect(cluster.reader.readSealed(shardOf(index), { from: 50_000, to: 60_000 }))).toEqual([]);
      expect(await collect(cluster.reader.readSealed(shardOf(index), { from: 5, to: 5 }))).toEqual([]);
    });

    it('reads documents far larger than expected', async () => {
      await rest.createIndex(index, {}, { dynamic: false });
      const large = (i: number) => `{"i":${i},"x":"${'x'.repeat(1_500_000)}"}`;
      for (let i = 0; i < 60; i += 10) await write(i, i + 10, large);
      await rest.refresh(index);
      let documents = 0;
      let largest = 0;
      for await (const page of cluster.reader.readSealed(shardOf(index), { from: 0, to: 60 })) {
        documents += (await collect(one(page))).length;
        largest = Math.max(largest, page.body.length);
      }
      expect(documents).toBe(60);
      expect(largest).toBeLessThan(49 * 1024 * 1024);
      const viewed = await withView({ known: [], read: [{ from: 0, to: MAX_SEQ_NO }] }, (view) =>
        collect(view.documents(0)),
      );
      expect(viewed.length).toBe(60);
    });

    onRealClusters('keeps to the number of documents a search of the index may return', async () => {
      await rest.createIndex(index, { max_result_window: 70 });
      await write(0, 1_000);
      await rest.refresh(index);
      expect((await collect(cluster.reader.readSealed(shardOf(index), { from: 0, to: 1_000 }))).length).toBe(1_000);
      await withView(
        { known: [{ from: 0, to: 500, live: 501 }], read: [{ from: 500, to: MAX_SEQ_NO }] },
        async (view) => {
          expect((await view.seqNos(0)).length).toBe(500);
          expect((await collect(view.documents(0))).length).toBe(500);
        },
      );
    });

    it('learns of two shards at once how many documents a search of their index may return', async () => {
      await rest.createIndex(index, { number_of_shards: 2, max_result_window: 70 });
      await write(0, 2_000);
      await rest.refresh(index);
      const shards = [0, 1].map((shard) => shardOf(index, { shard }));
      const onTwo = async <T>(work: (fresh: Cluster, target: ShardTarget) => Promise<T>): Promise<T[]> => {
        const fresh = openCluster({ url: url() });
        try {
          return await Promise.all(shards.map((target) => work(fresh, target)));
        } finally {
          await fresh.close();
        }
      };
      const everything = { from: 0, to: MAX_SEQ_NO };
      const read = await onTwo((fresh, target) =>
        collect(fresh.reader.readSealed(target, { from: 0, to: 2_000 })).then((documents) => documents.length),
      );
      expect(read[0] + read[1]).toBe(2_000);
      const viewed = await onTwo(async (fresh, target) => {
        const view = await fresh.reader.openView(target, { known: [], read: [everything] });
        const documents = await collect(view.documents(0)).finally(() => view.close());
        return documents.length;
      });
      expect(viewed).toEqual(read);
      const listed = await onTwo(async (fresh, target) => {
        const view = await fresh.reader.openView(target, { known: [{ from: 0, to: 2_000, live: 2_001 }], read: [] });
        const numbers = await view.seqNos(0).finally(() => view.close());
        return numbers.length;
      });
      expect(listed).toEqual(read);
    });

    onRealClusters('counts and reads nested documents as one with their root', async () => {
      await rest.createIndex(index, {}, { properties: { inner: { type: 'nested' } } });
      await write(0, 50, (i) => `{"n":${i},"inner":[{"a":1},{"a":2},{"a":3}]}`);
      await rest.refresh(index);
      expect(await cluster.reader.count(shardOf(index), [{ from: 0, to: 50 }])).toEqual([50]);
      expect((await collect(cluster.reader.readSealed(shardOf(index), { from: 0, to: 50 }))).length).toBe(50);
      await withView({ known: [{ from: 0, to: 20, live: 21 }], read: [{ from: 20, to: MAX_SEQ_NO }] }, async (view) => {
        expect([view.counts, view.readCounts, view.maxSeqNo]).toEqual([[20], [30], 49]);
        expect((await view.seqNos(0)).length).toBe(20);
        expect((await collect(view.documents(0))).length).toBe(30);
      });
    });

    it('reads one shard of several', async () => {
      await rest.createIndex(index, { number_of_shards: 3 });
      await write(0, 300);
      await rest.refresh(index);
      const ids: string[] = [];
      for (let shard = 0; shard < 3; shard++) {
        const read = await collect(cluster.reader.readSealed(shardOf(index, { shard }), { from: 0, to: 300 }));
        expect(read.map(({ seqNo }) => seqNo)).toEqual(read.map((_, i) => i));
        ids.push(...read.map(({ id }) => id));
      }
      expect(ids.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, i) => i));
    });

    it('stops when told, and says why', async () => {
      await rest.createIndex(index);
      await write(0, 100);
      await rest.refresh(index);
      const reason = new Error('enough');
      await expect(
        collect(cluster.reader.readSealed(shardOf(index), { from: 0, to: 100 }, AbortSignal.abort(reason))),
      ).rejects.toBe(reason);
    });

    it('names an index or shard that is not there', async () => {
      const missing = await failureOf(
        collect(cluster.reader.readSealed(shardOf('no-such-index'), { from: 0, to: 10 })),
      );
      expect(missing).toMatchObject({
        code: 'index_not_found_exception',
        message: expect.stringContaining('no-such-index'),
      });
      const view = await failureOf(cluster.reader.openView(shardOf('no-such-index'), { known: [], read: [] }));
      expect(view.code).toBe('index_not_found_exception');
      await rest.createIndex(index);
      const shard = await failureOf(
        collect(cluster.reader.readSealed(shardOf(index, { shard: 7 }), { from: 0, to: 10 })),
      );
      expect(['shard_inconsistent', 'cluster_rejected']).toContain(shard.code);
    });
  });

  describe('dividing a range', () => {
    it('covers the range with parts of about the size asked for', async () => {
      await rest.createIndex(index);
      await write(0, 12_000);
      await remove(Array.from({ length: 2_000 }, (_, i) => i + 3_000));
      await rest.refresh(index);
      const target = shardOf(index, { bytesPerDocument: 100 });
      const parts = await cluster.reader.divide(target, { from: 0, to: 20_000 }, 100 * 1_000);
      expect(parts[0].from).toBe(0);
      expect(parts.at(-1)?.to).toBe(20_000);
      for (const [i, part] of parts.entries()) {
        if (i > 0) expect(part.from).toBe(parts[i - 1].to);
        expect(part.live).toBeGreaterThan(0);
        expect(part.live).toBeLessThanOrEqual(1_000);
      }
      expect(parts.reduce((sum, { live }) => sum + live, 0)).toBe(10_000);
      expect(await cluster.reader.count(target, parts)).toEqual(parts.map(({ live }) => live));
      expect(parts.length).toBeLessThan(13);
    });

    it('makes one part of a range without documents', async () => {
      await rest.createIndex(index);
      expect(await cluster.reader.divide(shardOf(index), { from: 0, to: 10 }, 1_000)).toEqual([
        { from: 0, to: 10, live: 0 },
      ]);
    });
  });

  describe('a view', () => {
    it('shows one moment, whatever is written after', async () => {
      await rest.createIndex(index);
      await write(0, 2_000);
      await remove([5, 7, 1_500]);
      await rest.refresh(index);
      const known = [
        { from: 0, to: 1_000, live: 1_000 },
        { from: 1_000, to: 1_200, live: 200 },
        { from: 1_200, to: 1_600, live: 400 },
      ];
      await withView(
        {
          known,
          read: [
            { from: 1_600, to: 1_700 },
            { from: 1_700, to: MAX_SEQ_NO },
          ],
        },
        async (view) => {
          await write(1_000, 2_500);
          await remove([1, 2, 3]);
          await rest.refresh(index);
          if (!embedded) await rest.call('POST', `/${index}/_forcemerge?max_num_segments=1`);
          expect(view.counts).toEqual([998, 200, 399]);
          expect(view.readCounts).toEqual([100, 300]);
          expect(view.maxSeqNo).toBe(1_999);
          const first = await view.seqNos(0);
          expect([...first]).toEqual(Array.from({ length: 1_000 }, (_, i) => i).filter((i) => i !== 5 && i !== 7));
          expect((await view.seqNos(2)).includes(1_500)).toBe(false);
          expect((await collect(view.documents(0))).map(({ seqNo }) => seqNo)).toEqual(
            Array.from({ length: 100 }, (_, i) => 1_600 + i),
          );
          const tail = await collect(view.documents(1));
          expect(tail.map(({ seqNo }) => seqNo)).toEqual(Array.from({ length: 300 }, (_, i) => 1_700 + i));
          expect(tail[0]).toMatchObject({ id: '1700', version: '1', source: '{"n":1700}' });
        },
      );
    });

    it('lists more sequence numbers and documents than one search returns', async () => {
      await rest.createIndex(index);
      await write(0, 27_000);
      await remove([10, 11_000]);
      await rest.refresh(index);
      const known = [{ from: 0, to: 25_000, live: 25_000 }];
      await withView({ known, read: [{ from: 2_000, to: MAX_SEQ_NO }] }, async (view) => {
        const listed = await view.seqNos(0);
        expect([listed.length, listed[10], listed.at(-1)]).toEqual([24_998, 11, 24_999]);
        expect((await collect(view.documents(0))).length).toBe(24_999);
      });
    });

    it('tells what is left of what was there before, wherever and however much is missing', async () => {
      await rest.createIndex(index);
      await write(0, 12_000);
      const gone = [0, 1, 2, 3, 500, 4_000, 4_001, 7_777, 9_999, ...Array.from({ length: 40 }, (_, i) => 8_000 + i)];
      await remove(gone);
      await rest.refresh(index);
      const before = Float64Array.from({ length: 9_999 }, (_, i) => (i < 6_000 ? i : i + 1));
      const known = [{ from: 0, to: 10_000, live: before.length }];
      await withView({ known, read: [{ from: 10_000, to: MAX_SEQ_NO }] }, async (view) => {
        const left = Array.from({ length: 10_000 }, (_, i) => i).filter((i) => !gone.includes(i));
        // Number 6,000 is there, though not told of: it is shown.
        expect([...(await view.seqNos(0, before))]).toEqual(left);
      });
    });

    it('of a shard that never saw an operation is empty', async () => {
      await rest.createIndex(index);
      await withView({ known: [], read: [{ from: 0, to: MAX_SEQ_NO }] }, async (view) => {
        expect([view.readCounts, view.maxSeqNo]).toEqual([[0], -1]);
        expect(await collect(view.documents(0))).toEqual([]);
      });
    });

    it('can be opened while somebody writes, and stays of one moment', async () => {
      await rest.createIndex(index);
      await write(0, 3_000);
      await rest.refresh(index);
      let stop = false;
      const writer = (async () => {
        for (let i = 0; !stop; i++) {
          await write((i * 50) % 3_000, ((i * 50) % 3_000) + 50);
          await rest.refresh(index);
          await new Promise((resolve) => setTimeout(resolve, 40));
        }
      })();
      try {
        for (let round = 0; round < 5; round++) {
          const known = [{ from: 0, to: 1_500, live: 1_501 }];
          await withView({ known, read: [{ from: 1_500, to: MAX_SEQ_NO }] }, async (view) => {
            const listed = await view.seqNos(0);
            const read = await collect(view.documents(0));
            expect([listed.length, read.length]).toEqual([view.counts[0], view.readCounts[0]]);
            // Each document is there once: in the listed part or among those read.
            expect(listed.length + read.length).toBe(3_000);
            expect(read.at(-1)?.seqNo).toBe(view.maxSeqNo);
          });
        }
      } finally {
        stop = true;
        await writer;
      }
    });

    it('that is lost says so, and can be opened again', async () => {
      await rest.createIndex(index);
      await write(0, 20_000);
      await rest.refresh(index);
      const request = { known: [], read: [{ from: 0, to: MAX_SEQ_NO }] };
      const view = await cluster.reader.openView(shardOf(index), request);
      await view.close();
      expect((await failureOf(collect(view.documents(0)))).code).toBe('view_lost');
      expect((await withView(request, (again) => collect(again.documents(0)))).length).toBe(20_000);
    });
  });

  describe('reading in document order', () => {
    const everything = { from: 0, to: MAX_SEQ_NO };
    const bySeqNo = (documents: readonly ReadDocument[]) => [...documents].sort((a, b) => a.seqNo - b.seqNo);

    /** Opens a view and finds its end; undefined for a cluster without points in time. */
    const lastingView = async (target = shardOf(index)): Promise<OrderedView | undefined> => {
      const view = await cluster.reader.openLasting(target);
      // No shard of a test is larger. Pages after the end are empty.
      return view === undefined ? undefined : { view, end: 50_000 };
    };

    /** Reads the shard in document order, checks that the pages ascend without gaps, and returns the documents. */
    const readInOrder = async (
      request: Partial<OrderedRequest> = {},
      target = shardOf(index),
    ): Promise<{ documents: ReadDocument[]; pages: Page[] } | undefined> => {
      const opened = await lastingView(target);
      if (opened === undefined) return undefined;
      const whole = { from: 0, to: opened.end, numbers: everything, ...request };
      const pages: Page[] = [];
      try {
        for await (const page of cluster.reader.readOrdered(target, opened.view, whole)) pages.push(page);
      } finally {
        await cluster.reader.closeLasting(opened.view);
      }
      let at = whole.from;
      for (const { ordered } of pages) {
        expect(ordered?.from).toBe(at);
        at = ordered!.to;
      }
      expect(at).toBe(whole.to);
      return { documents: bySeqNo(await collect(each(pages))), pages };
    };
    const sealed = (range = { from: 0, to: 100_000 }) => collect(cluster.reader.readSealed(shardOf(index), range));

    it.each([
      ['nothing', () => false],
      ['1 % of the documents', (i: number) => i % 100 === 7],
      ['30 % of the documents', (i: number) => (i * 7_919) % 10 < 3],
      ['all but a few documents', (i: number) => i % 1_000 > 3],
    ])('returns what reading by sequence numbers returns, where %s was deleted', async (_, gone) => {
      await rest.createIndex(index);
      for (let a = 0; a < 16_384; a += 4_096) {
        await write(a, a + 4_096);
        await rest.refresh(index);
      }
      const ids = Array.from({ length: 16_384 }, (_, i) => i).filter(gone);
      if (ids.length > 0) await remove(ids);
      await rest.refresh(index);
      const read = await readInOrder();
      const expected = await sealed();
      expect(expected).toHaveLength(16_384 - ids.length);
      if (read !== undefined) expect(read.documents).toEqual(expected);
    });

    it('leaves out what is skipped, has other sequence numbers, or lies outside of the document numbers', async () => {
      await rest.createIndex(index);
      await write(0, 6_000);
      await remove([10, 11, 500]);
      await rest.refresh(index);
      const expected = await sealed();
      const skip = (seqNo: number) => seqNo < 2_000 || seqNo % 50 === 3;
      const part = await readInOrder({ skip });
      if (part === undefined) return;
      expect(part.documents).toEqual(expected.filter(({ seqNo }) => !skip(seqNo)));
      for (const numbers of [
        { from: 100, to: 5_900 },
        { from: 1_000, to: 1_100 },
        { from: 7_000, to: 8_000 },
      ]) {
        const some = await readInOrder({ numbers });
        expect(some?.documents).toEqual(expected.filter(({ seqNo }) => seqNo >= numbers.from && seqNo < numbers.to));
      }
      const parts = [
        { from: 0, to: 1_500 },
        { from: 1_500, to: 1_501 },
        { from: 1_501, to: 6_100 },
      ];
      const inParts = await Promise.all(parts.map((part) => readInOrder(part)));
      expect(bySeqNo(inParts.flatMap((part) => part!.documents))).toEqual(expected);
      expect((await readInOrder({ skip: () => true }))?.documents).toEqual([]);
    });

    it('returns each byte of documents that imitate hits and responses', async () => {
      await rest.createIndex(index, {}, { dynamic: false, properties: { o: { type: 'object', enabled: false } } });
      const some = fc.array(orderedResponses, { minLength: 100, maxLength: 100 });
      const sources = fc.sample(some, { numRuns: 1, seed: 7 }).flat(3);
      const lines = sources.flatMap(({ source }, i) => [`{"index":{"_id":"${i}"}}`, `{"o":${source}}`]);
      // Clusters refuse some of them, such as those with a key twice.
      await rest.call('POST', `/${index}/_bulk`, `${lines.join('\n')}\n`);
      await rest.refresh(index);
      const expected = await sealed();
      expect(expected.length).toBeGreaterThan(sources.length / 4);
      for (const { id, source } of expected) expect(source).toBe(`{"o":${sources[Number(id)].source}}`);
      const whole = await readInOrder();
      if (whole === undefined) return;
      expect(whole.documents).toEqual(expected);
      await remove(expected.filter((_, i) => i % 7 === 3).map(({ id }) => Number(id)));
      await rest.refresh(index);
      expect((await readInOrder())?.documents).toEqual(await sealed());
    });

    it('reads documents far larger than expected, and keeps to the documents that a search may return', async () => {
      await rest.createIndex(index, { max_result_window: 5 }, { dynamic: false });
      const large = (i: number) => `{"i":${i},"x":"${'x'.repeat(i % 3 === 0 ? 1_500_000 : 10)}"}`;
      for (let i = 0; i < 64; i += 8) await write(i, i + 8, large);
      await rest.refresh(index);
      const fresh = openCluster({ url: url() });
      try {
        for (const gone of [[], [20, 33]]) {
          if (gone.length > 0) await remove(gone);
          await rest.refresh(index);
          const view = await fresh.reader.openLasting(shardOf(index));
          if (view === undefined) return;
          const request = { from: 0, to: 64, numbers: everything };
          const pages: Page[] = [];
          for await (const page of fresh.reader.readOrdered(shardOf(index), view, request)) pages.push(page);
          await fresh.reader.closeLasting(view);
          expect(Math.max(...pages.map(({ body }) => body.length))).toBeLessThan(49 * 1024 * 1024);
          const read = bySeqNo(await collect(each(pages)));
          expect(read).toEqual(await sealed());
          expect(read).toHaveLength(64 - gone.length);
        }
      } finally {
        await fresh.close();
      }
    });

    it('says when the view is lost, whether documents were deleted or not', async () => {
      await rest.createIndex(index);
      await write(0, 20_480);
      await rest.refresh(index);
      for (const gone of [[], [5]]) {
        if (gone.length > 0) await remove(gone);
        await rest.refresh(index);
        const opened = await lastingView();
        if (opened === undefined) return;
        const target = shardOf(index, { bytesPerDocument: 2_000 });
        const request = { from: 0, to: 20_480, numbers: everything };
        const pages = cluster.reader.readOrdered(target, opened.view, request)[Symbol.asyncIterator]();
        expect((await pages.next()).done).toBe(false);
        await cluster.reader.closeLasting(opened.view);
        const others = (async () => {
          while (!(await pages.next()).done);
        })();
        expect((await failureOf(others)).code).toBe('view_lost');
      }
    });

    onRealClusters('returns nested documents once, with their root', async () => {
      await rest.createIndex(index, {}, { properties: { inner: { type: 'nested' } } });
      await write(0, 500, (i) => `{"n":${i},"inner":[{"a":1},{"a":2},{"a":3}]}`);
      await rest.refresh(index);
      const read = await readInOrder();
      if (read !== undefined) expect(read.documents).toEqual(await sealed());
    });

    it('is not offered for a small shard, and leaves no view open', async () => {
      await rest.createIndex(index);
      await write(0, 100);
      await rest.refresh(index);
      const openViews = async () =>
        embedded
          ? {}
          : rest.call('GET', '/_nodes/stats/indices/search?filter_path=nodes.*.indices.search.open_contexts');
      const before = await openViews();
      expect(await cluster.reader.openOrdered(shardOf(index), everything)).toBeUndefined();
      expect(await openViews()).toEqual(before);
    });
  });

  describe('shard states', () => {
    it('tell how far each shard has come, and that nothing changed by a merge', async () => {
      await rest.createIndex(index, { number_of_shards: 2 });
      expect(
        (await cluster.shardStates([index])).map(({ maxSeqNo, globalCheckpoint }) => [maxSeqNo, globalCheckpoint]),
      ).toEqual([
        [-1, -1],
        [-1, -1],
      ]);
      await write(0, 500);
      await remove([1, 2, 3]);
      await cluster.refresh([index]);
      const before = await cluster.shardStates([index]);
      expect(before.map(({ shard }) => shard).sort()).toEqual([0, 1]);
      expect(before.reduce((sum, { maxSeqNo }) => sum + maxSeqNo + 1, 0)).toBe(503);
      for (const { maxSeqNo, globalCheckpoint, historyUuid } of before) {
        expect(globalCheckpoint).toBe(maxSeqNo);
        expect(historyUuid).toMatch(/^\S{10,}$/);
      }
      if (!embedded) await rest.call('POST', `/${index}/_forcemerge?max_num_segments=1`);
      const after = await cluster.shardStates([index]);
      const marks = (states: typeof after) =>
        states.map(({ shard, historyUuid, maxSeqNo }) => [shard, historyUuid, maxSeqNo]);
      expect(marks(after)).toEqual(marks(before));
    });

    it('leave out what is not there', async () => {
      expect(await cluster.shardStates(['no-such-index'])).toEqual([]);
      expect(await cluster.shardStates([])).toEqual([]);
      // One that was deleted a moment ago must not keep the others from being refreshed.
      await cluster.refresh(['no-such-index']);
    });
  });
}

async function* one(page: Page): AsyncGenerator<Page> {
  yield page;
}

async function* each(pages: readonly Page[]): AsyncGenerator<Page> {
  yield* pages;
}
