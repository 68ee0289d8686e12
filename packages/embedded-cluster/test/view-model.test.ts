import fc from 'fast-check';
import { type Call, startTestCluster, type TestCluster } from './support';

/** What a document is, as the model knows it. */
interface ModelDocument {
  readonly value: number;
  readonly version: number;
  readonly seq: number;
}

type Step =
  | {
      readonly kind: 'write';
      readonly operations: readonly { readonly id: number; readonly action: 'index' | 'update' | 'delete' }[];
    }
  | { readonly kind: 'fill'; readonly count: number }
  | { readonly kind: 'view' }
  | { readonly kind: 'check' }
  | { readonly kind: 'restart' }
  | { readonly kind: 'maintain'; readonly minutes: number };

const ids = fc.nat(40);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      operations: fc.array(
        fc.record({ id: ids, action: fc.constantFrom('index' as const, 'update' as const, 'delete' as const) }),
        { minLength: 1, maxLength: 60 },
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('fill' as const), count: fc.integer({ min: 300, max: 1_300 }) }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: 'view' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'check' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('maintain' as const), minutes: fc.integer({ min: 1, max: 4 }) }),
  },
);

/** The one shard of an index, done by hand. */
class Model {
  readonly documents = new Map<string, ModelDocument>();
  readonly versions = new Map<string, number>();
  /** When a document was deleted last, by id, in ms. */
  private readonly deletedMs = new Map<string, number>();
  lastSeq = -1;
  private counter = 0;

  /** Applies one operation at `now` and returns its lines in a bulk. */
  apply(id: string, action: 'index' | 'update' | 'delete', now: number): string {
    const value = this.counter++;
    const line = `{"${action}":{"_id":"${id}"}}\n`;
    if (action === 'update' && !this.documents.has(id)) return `${line}{"doc":{"v":${value}}}\n`;
    const version = (this.versions.get(id) ?? 0) + 1;
    const seq = ++this.lastSeq;
    this.versions.set(id, version);
    if (action === 'delete') {
      this.documents.delete(id);
      this.deletedMs.set(id, now);
      return line;
    }
    this.documents.set(id, { value, version, seq });
    return action === 'index' ? `${line}{"v":${value}}\n` : `${line}{"doc":{"v":${value}}}\n`;
  }

  /** Returns whether the cluster may have forgotten at `now` that the document was deleted, and with it the version. */
  mayHaveForgotten(id: string, now: number): boolean {
    return !this.documents.has(id) && now - (this.deletedMs.get(id) ?? now) >= KEPT_MS;
  }

  /** Lowers the version of a document by `less`: its count began again. */
  lower(id: string, less: number): void {
    const document = this.documents.get(id);
    this.versions.set(id, this.versions.get(id)! - less);
    if (document !== undefined) this.documents.set(id, { ...document, version: document.version - less });
  }

  /** What a search in order of sequence numbers must show. */
  snapshot(): string[] {
    return [...this.documents]
      .sort(([, a], [, b]) => a.seq - b.seq)
      .map(([id, { value, version, seq }]) => `${seq} ${id} v${version} ${value}`);
  }
}

/** How long the cluster keeps what was superseded or deleted: the default of its option. */
const KEPT_MS = 10 * 60_000;

interface Operation {
  readonly id: string;
  readonly action: 'index' | 'update' | 'delete';
}

interface Item {
  readonly _id: string;
  readonly _version?: number;
  readonly status: number;
  readonly error?: { readonly type: string };
}

interface View {
  readonly id: string;
  readonly expected: readonly string[];
}

async function readAll(call: Call, pit: string): Promise<string[]> {
  const seen: string[] = [];
  let after: number | undefined;
  for (;;) {
    const { json, text } = await call('POST', '/_search', {
      pit: { id: pit, keep_alive: '60m' },
      size: 700,
      sort: ['_seq_no'],
      seq_no_primary_term: true,
      version: true,
      track_total_hits: false,
      ...(after === undefined ? {} : { search_after: [after] }),
    });
    if (json.hits === undefined) throw new Error(text);
    if (json.hits.hits.length === 0) return seen;
    for (const hit of json.hits.hits) seen.push(`${hit._seq_no} ${hit._id} v${hit._version} ${hit._source.v}`);
    after = json.hits.hits.at(-1)._seq_no;
  }
}

/** Everything the API says about a view must be what the model knew when it was taken. */
async function check(call: Call, { id, expected }: View): Promise<void> {
  expect(await readAll(call, id)).toEqual(expected);
  const seqs = expected.map((line) => Number(line.split(' ')[0]));
  const bounds = [0, 7, 1_000, 1_024, 1_500, 2_048, 1_000_000];
  const ranges = bounds.slice(1).map((to, i) => ({ from: bounds[i], to }));
  const { json } = await call('POST', '/_search', {
    pit: { id },
    size: 0,
    track_total_hits: true,
    aggs: {
      r: { range: { field: '_seq_no', ranges } },
      h: { histogram: { field: '_seq_no', interval: 100, min_doc_count: 1 } },
      m: { max: { field: '_seq_no' } },
    },
  });
  const count = (from: number, to: number): number => seqs.filter((seq) => seq >= from && seq < to).length;
  expect(json.hits.total.value).toBe(seqs.length);
  expect(json.aggregations.r.buckets.map((bucket: { doc_count: number }) => bucket.doc_count)).toEqual(
    ranges.map(({ from, to }) => count(from!, to)),
  );
  for (const bucket of json.aggregations.h.buckets) expect(bucket.doc_count).toBe(count(bucket.key, bucket.key + 100));
  expect(json.aggregations.m.value).toBe(seqs.length === 0 ? null : Math.max(...seqs));
  const someIds = expected.slice(0, 5).map((line) => line.split(' ')[1]);
  const byId = await call('POST', '/_search', { pit: { id }, query: { ids: { values: someIds } }, sort: ['_seq_no'] });
  expect(byId.json.hits.hits.map((hit: { _id: string }) => hit._id)).toEqual(someIds);
}

describe('views against a model', () => {
  let test_: TestCluster;
  const clock = { now: Date.UTC(2024, 4, 1) };
  beforeAll(async () => {
    test_ = await startTestCluster({ now: () => clock.now, writeBackThreshold: 200 });
  });
  afterAll(() => test_.stop());

  async function run(steps: readonly Step[], index: string): Promise<void> {
    const call: Call = (...args) => test_.call(...args);
    const model = new Model();
    const views: View[] = [];
    await call('PUT', `/${index}`, { settings: { number_of_shards: 1 } });
    const send = async (operations: readonly Operation[]): Promise<void> => {
      const versions = new Map(model.versions);
      const forgotten = new Set(operations.map(({ id }) => id).filter((id) => model.mayHaveForgotten(id, clock.now)));
      const lines = operations.map(({ id, action }) => model.apply(id, action, clock.now));
      const { json } = await call('POST', `/${index}/_bulk`, lines.join(''));
      const seen = new Set<string>();
      for (const item of json.items) {
        const { status, error, _id: id, _version: version } = Object.values(item)[0] as Item;
        if (status >= 400) expect(['document_missing_exception', undefined]).toContain(error?.type);
        if (version === undefined || seen.has(id)) continue;
        seen.add(id);
        const counted = versions.get(id) ?? 0;
        if (version === 1 && forgotten.has(id)) model.lower(id, counted);
        else expect([id, version]).toEqual([id, counted + 1]);
      }
    };
    const take = async (): Promise<View> => ({
      id: (await call('POST', `/${index}/_pit?keep_alive=60m&preference=_shards:0`)).json.id,
      expected: model.snapshot(),
    });
    for (const step of steps) {
      if (step.kind === 'write') await send(step.operations.map(({ id, action }) => ({ id: `i${id}`, action })));
      else if (step.kind === 'fill') {
        await send(Array.from({ length: step.count }, (_, i) => ({ id: `f${i}`, action: 'index' })));
      } else if (step.kind === 'view') views.push(await take());
      else if (step.kind === 'check') for (const view of views.slice(-3)) await check(call, view);
      else if (step.kind === 'restart') await test_.restart();
      else {
        clock.now += step.minutes * 60_000;
        await test_.cluster.maintain();
      }
    }
    views.push(await take());
    for (const view of views) await check(call, view);
    const { shards } = (await call('GET', `/${index}/_stats?level=shards`)).json.indices[index];
    expect(shards['0'][0].docs.count).toBe(model.documents.size);
    expect(shards['0'][0].seq_no.max_seq_no).toBe(model.lastSeq);
    for (const { id } of views) await call('DELETE', '/_pit', { id });
    await call('DELETE', `/${index}`);
    await test_.cluster.maintain();
  }

  it('show exactly the documents of the moment they were taken, for as long as they live', async () => {
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 25 }), (steps) => run(steps, `run-${runs++}`)),
      {
        numRuns: 20,
        examples: [
          // A deletion that is old enough is forgotten: the version begins at 1 again.
          [
            [
              {
                kind: 'write',
                operations: [
                  { id: 8, action: 'delete' },
                  { id: 0, action: 'index' },
                ],
              },
              ...[2, 4, 4].map((minutes) => ({ kind: 'maintain' as const, minutes })),
              { kind: 'write', operations: [{ id: 0, action: 'index' }] },
              {
                kind: 'write',
                operations: [
                  { id: 8, action: 'index' },
                  { id: 0, action: 'index' },
                ],
              },
            ],
          ],
        ],
      },
    );
  }, 300_000);
});
