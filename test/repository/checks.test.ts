import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { type ObjectRef } from '../../src/contracts/stored';
import { compressFrame, decompressFrame } from '../../src/documents/codec';
import { CodecPool } from '../../src/documents/codec-pool';
import { Catalogue } from '../../src/repository/catalogue/catalogue';
import { isIndexName, isRawObject, isSnapshotName } from '../../src/repository/format/check-text';
import { type Root, type ShardManifest, type SnapshotManifest } from '../../src/repository/format/format';
import { type Segment } from '../../src/repository/format/format';
import { rootKey } from '../../src/repository/format/keys';
import { METADATA_MAX_BYTES } from '../../src/repository/format/limits';
import { parseMetadata, referenceTo } from '../../src/repository/format/metadata';
import { rootSchema, shardManifestSchema, snapshotManifestSchema } from '../../src/repository/format/schemas';
import { shareMappings } from '../../src/repository/format/shared-mappings';
import { MemoryBlobStore } from './support/memory-blob-store';
import { ShardModel } from './support/shard-model';
import { takeSnapshot } from './support/shards';

/** What a bucket says is checked before it is used, and before memory is taken for it. */

let root: Root;
let snapshot: SnapshotManifest;
let shard: ShardManifest;

beforeAll(async () => {
  const store = new MemoryBlobStore();
  const catalogue = new Catalogue(store);
  const model = new ShardModel();
  for (const name of ['one', 'two']) {
    for (let i = 0; i < 6; i++) model.put(`${name}-${i}`, '{}');
    model.remove('one-2');
    await takeSnapshot({ store, catalogue, pool: new CodecPool(1) }, name, [model]);
  }
  root = await catalogue.readRoot();
  const { snapshots } = root;
  root = { ...root, removed: [removedOf(snapshots[0])], snapshots: [snapshots[1]] };
  snapshot = await catalogue.readSnapshotManifest(snapshots[1].manifest);
  shard = await catalogue.readShardManifest(snapshot.indices[0].shards[0]!);
});

function removedOf({ snapshot: name, uuid, order, indices, dataless, manifest }: Root['snapshots'][number]) {
  const removal = { removedMillis: 1, removedGeneration: 3, sweeping: false };
  return { snapshot: name, uuid, order: Math.min(order, 1), indices, dataless, manifest, ...removal };
}

/** The object with one value replaced, at a path of names and positions. */
function changed(value: unknown, path: string, to: unknown): Buffer {
  const copy = JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
  const steps = path.split('.');
  const last = steps.pop()!;
  let at = copy;
  for (const step of steps) at = at[step] as Record<string, unknown>;
  at[last] = typeof to === 'function' ? (to as (before: unknown) => unknown)(at[last]) : to;
  return Buffer.from(JSON.stringify(copy));
}

const twice = (list: unknown): unknown => [...(list as unknown[]), ...(list as unknown[])];
const KEY = `snapkeep-snapshots/${'a'.repeat(22)}/snapshot.aaaaaaaa.json`;

describe.each<[string, () => unknown, (json: Buffer) => unknown, [string, unknown][]]>([
  [
    'a root',
    () => root,
    (json) => parseMetadata('the object', json, rootSchema),
    [
      ['generation', 0],
      ['generation', 999_999_999_999_999],
      ['generation', 1.5],
      ['uuid', ''],
      ['uuid', '../elsewhere'],
      ['indices.0.name', 'Upper'],
      ['indices.0.name', '_all'],
      ['indices.0.name', 'a,b'],
      ['indices.0.name', 'x'.repeat(256)],
      ['indices.0.uuid', 'a/b'],
      ['indices', twice],
      ['snapshots', twice],
      ['snapshots.0.snapshot', '*'],
      ['snapshots.0.snapshot', 'a\nb'],
      ['snapshots.0.order', 99],
      ['snapshots.0.order', 0],
      ['snapshots.0.startMillis', 9e15],
      ['snapshots.0.startMillis', -1],
      ['snapshots.0.endMillis', 253_402_300_800_000],
      ['snapshots.0.indices', '0+400000000'],
      ['snapshots.0.indices', '5'],
      ['snapshots.0.indices', 'x'],
      ['snapshots.0.dataless', '0+9007199254740991'],
      ['snapshots.0.documents', 1e300],
      ['snapshots.0.bytes', -5],
      ['snapshots.0.shards', { total: 1, failed: 2 }],
      ['snapshots.0.version', 'x'.repeat(5000)],
      ['snapshots.0.metadata', '{"a":1},"injected":{"b":2}'],
      ['snapshots.0.metadata', '{}}'],
      ['snapshots.0.metadata', '[]'],
      ['snapshots.0.metadata', '{"a":"\n"}'],
      ['snapshots.0.metadata', '{} // x'],
      ['snapshots.0.metadata', `{"a":"${'x'.repeat(70_000)}"}`],
      ['snapshots.0.manifest.key', 'snapkeep-root-1'],
      ['snapshots.0.manifest.key', '../../etc/passwd'],
      ['snapshots.0.manifest.key', KEY], // of another snapshot
      ['snapshots.0.manifest.length', 500 * 1024 * 1024],
      ['snapshots.0.manifest.sha256', 'abc'],
      ['removed.0.uuid', 'a b'],
      ['removed.0.uuid', () => root.snapshots[0].uuid],
      ['removed.0.removedMillis', 9e15],
      ['removed.0.sweeping', 'yes'],
      ['removed', twice],
      ['rolledBack', ['/']],
      ['swept', 'x'],
    ],
  ],
  [
    'a snapshot manifest',
    () => ({ ...snapshot, ...shareMappings(snapshot.indices) }),
    (json) => parseMetadata('the object', json, snapshotManifestSchema),
    [
      ['snapshot', 'A'],
      ['startMillis', 9e15],
      ['metadata', '{"a":1}, "b": {}'],
      ['indices', twice],
      ['indices.0.name', '..'],
      ['indices.0.settings', '{"index":{}},"aliases":{"evil":{}'],
      ['indices.0.settings', '{"index":{}}}'],
      ['mappings.0', '"text"'],
      ['mappings.0', ''],
      ['indices.0.mapping', 1],
      ['indices.0.aliases', '{},"settings":{}'],
      ['indices.0.aliases', '{"a":{}} // '],
      ['indices.0.shards.0.manifest.key', KEY],
      ['indices.0.shards.0.manifest.key', (key: unknown) => String(key).replace('/0/', '/1/')],
      ['indices.0.shards.0.base', 'snapkeep-root-7'],
      ['indices.0.shards.0.maxSeqNo', -2],
      ['indices.0.shards.0.sealedThrough', 2 ** 60],
      ['indices.0.shards.0.millis', 1e18],
      ['indices.0.shards.0.totals.bytes', null],
      ['failures', [{ index: 1 }]],
    ],
  ],
  [
    'a shard manifest',
    () => shard,
    (json) => parseMetadata('the object', json, shardManifestSchema),
    [
      ['identity.shard', 1],
      ['identity.shards', 1e9],
      ['segments', twice],
      ['segments.0.from', 100],
      ['segments.0.to', 0],
      ['segments.0.codec', 'brotli'],
      ['segments.0.stored', 400_000_000],
      ['segments.0.seqNos', ['0+400000000']],
      ['segments.0.seqNos', ['100+6']],
      ['segments.0.seqNos', []],
      ['segments.0.seqNos', undefined],
      ['segments.0.numbers', () => ({ object: shard.segments[0].objects[0], buckets: '0:6' })],
      ['segments.0', (one: unknown) => withNumbers(one, '0:400000000')],
      ['segments.0', (one: unknown) => withNumbers(one, '7:6')],
      ['segments.0', (one: unknown) => withNumbers(one, '0:3,0:3')],
      ['segments.0', (one: unknown) => withNumbers(one, '')],
      ['segments.0.marks', ['no number']],
      ['segments.0.deleted', '0+400000000'],
      ['segments.0.deleted', '90'],
      ['segments.0.live', 0],
      ['segments.0.live', 7],
      ['segments.0.frames.0.documents', 400_000_000],
      ['segments.0.frames.0.documents', 0],
      ['segments.0.frames.0.rawLength', 512 * 1024 * 1024],
      ['segments.0.frames.0.length', (length: unknown) => Number(length) + 1],
      ['segments.0.frames', []],
      ['segments.0.objects', []],
      ['segments.0.objects.0.length', 2 ** 40],
      ['segments.0.objects.0.key', KEY],
      ['segments.0.objects.0.key', (key: unknown) => String(key).replace('/0/', '/2/')],
      ['segments.0.sealed', false],
      ['sealedThrough', 1.5],
    ],
  ],
])('%s', (_, value, parse, cases) => {
  test('as it is written passes', () => {
    parse(Buffer.from(JSON.stringify(value())));
  });

  test.each(cases)('with another [%s] is refused by its name and field (%#)', (path, to) => {
    let thrown: { code?: string; message?: string } = {};
    try {
      parse(changed(value(), path, to));
    } catch (error) {
      thrown = error as typeof thrown;
    }
    expect(thrown.code).toBe('repository_corrupt');
    expect(thrown.message).toContain('[the object]');
    expect(thrown.message).toContain(`[${path.split('.')[0]}`);
  });
});

/** The segment with its numbers in an object of their own. */
function withNumbers(segment: unknown, buckets: string): unknown {
  const { seqNos: _, ...rest } = segment as Segment;
  const object = { ...rest.objects[0], key: `${rest.objects[0].key}.numbers.json` };
  return { ...rest, numbers: { object, buckets } };
}

test('numbers that agree with each other, but not with the bytes they stand for, are refused', () => {
  const segment = shard.segments[0];
  const frames = [{ ...segment.frames[0], documents: 400_000_000 }];
  const agreeing = { ...segment, to: 4e8, frames, stored: 4e8, live: 4e8, seqNos: ['0+400000000'], deleted: '' };
  const claims = { ...shard, maxSeqNo: 4e8, sealedThrough: 4e8, segments: [agreeing] };
  const before = process.memoryUsage().rss;
  expect(() => parseMetadata('the object', Buffer.from(JSON.stringify(claims)), shardManifestSchema)).toThrow(
    /segments.0.frames.0.documents/,
  );
  expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
});

test('a root of 12,000 indices and 9,000 snapshots is read in seconds', () => {
  const indices = Array.from({ length: 12_000 }, (_, i) => ({ name: `logs-${i}`, uuid: `uuid-${i}` }));
  const snapshots = Array.from({ length: 9_000 }, (_, i) => {
    const manifest = { ...root.snapshots[0].manifest, key: `snapkeep-snapshots/u${i}/snapshot.aaaaaaaa.json` };
    return { ...root.snapshots[0], snapshot: `s${i}`, uuid: `u${i}`, order: i + 1, indices: '0+12000', manifest };
  });
  const json = Buffer.from(JSON.stringify({ ...root, generation: 9_000, indices, snapshots, removed: [] }));
  const started = performance.now();
  expect(parseMetadata('root', json, rootSchema).snapshots).toHaveLength(9_000);
  expect(performance.now() - started).toBeLessThan(10_000);
});

test('any value put anywhere into an object either passes whole or is refused as corrupt', () => {
  const paths: string[] = [];
  const walk = (value: unknown, path: string): void => {
    if (path !== '') paths.push(path);
    if (typeof value !== 'object' || value === null) return;
    for (const [name, inner] of Object.entries(value)) walk(inner, path === '' ? name : `${path}.${name}`);
  };
  walk(shard, '');
  const strange = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom<unknown>(2 ** 53, -1, 1e300, '0+400000000', '', 'x'.repeat(2000), null, [], {}),
  );
  fc.assert(
    fc.property(fc.constantFrom(...paths), strange, (path, value) => {
      try {
        const parsed = parseMetadata('the object', changed(shard, path, value), shardManifestSchema);
        for (const { stored, frames } of parsed.segments) {
          expect(stored).toBe(frames.reduce((sum, frame) => sum + frame.documents, 0));
          expect(stored).toBeLessThan(1000);
        }
      } catch (error) {
        expect((error as { code?: string }).code).toBe('repository_corrupt');
      }
    }),
    { numRuns: 500 },
  );
});

describe('bombs', () => {
  /** Reads the bytes as the manifest that a reference names; the error, and how far memory grew meanwhile. */
  async function reading(body: Buffer): Promise<{ message: string; grown: number }> {
    const store = new MemoryBlobStore();
    const key = `snapkeep-snapshots/${'a'.repeat(22)}/snapshot.aaaaaaaa.json.gz`;
    await store.put(key, body);
    const ref: ObjectRef = referenceTo(key, body);
    let peak = 0;
    const before = process.memoryUsage().rss;
    const timer = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss);
    }, 5);
    try {
      await new Catalogue(store).readSnapshotManifest(ref);
      throw new Error('was read');
    } catch (error) {
      expect(error).toMatchObject({ code: 'repository_corrupt' });
      return { message: (error as Error).message, grown: Math.max(peak, process.memoryUsage().rss) - before };
    } finally {
      clearInterval(timer);
    }
  }

  test('1.6 GB in 1.6 MB end where a manifest must end', async () => {
    const piece = gzipSync(Buffer.alloc(64 * 1024 * 1024, ' '), { level: 9 });
    const bomb = Buffer.concat(Array.from({ length: 25 }, () => piece)); // gzip files one after the other are one
    expect(bomb.length).toBeLessThan(2_000_000);
    const { message, grown } = await reading(bomb);
    expect(message).toContain(`unpacks to more than ${METADATA_MAX_BYTES} bytes`);
    expect(grown).toBeLessThan(3 * METADATA_MAX_BYTES);
  });

  test.each([
    ['lists', '[]', /over 4000000 values/],
    ['objects', '{}', /over 4000000 values/],
    ['numbers', '0', /over 4000000 values/],
  ])('10 million %s are refused before they are parsed', async (_, value, expected) => {
    const many = Buffer.from(`{"format":1,"x":[${new Array(10_000_000).fill(value).join(',')}]}`);
    const bytes = gzipSync(many);
    expect((await reading(bytes)).message).toMatch(expected);
  });

  test('lists in lists in lists are refused', async () => {
    const deep = `{"format":1,"x":${'['.repeat(200)}${']'.repeat(200)}}`;
    expect((await reading(gzipSync(Buffer.from(deep)))).message).toMatch(/more than 100 deep/);
    const harmless = JSON.stringify({ format: 1, x: '[{'.repeat(1_000_000), y: '\\"[[[' });
    expect((await reading(gzipSync(Buffer.from(harmless)))).message).toMatch(/does not have the expected form/);
  });

  test.each(['gzip', 'zstd'] as const)('a %s frame gives no more than it says', (codec) => {
    const frame = compressFrame(codec, Buffer.alloc(200 * 1024 * 1024, 'x'));
    const before = process.memoryUsage().rss;
    expect(() => decompressFrame(codec, frame, 1000)).toThrow(expect.objectContaining({ code: 'repository_corrupt' }));
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
  });

  test('a root that is too large to be one is refused by its name', async () => {
    const store = new MemoryBlobStore();
    await store.put(rootKey(7), Buffer.alloc(65 * 1024 * 1024, ' '));
    await expect(new Catalogue(store).readRoot()).rejects.toMatchObject({
      message: expect.stringContaining('snapkeep-root-7'),
    });
  });
});

test.each([
  ['{}', true],
  ['{"a":[1,{"b":"}"}]}', true],
  ['{"n":12345678901234567890,"f":1.0}', true],
  ['{},{}', false],
  ['{}}', false],
  ['{"a":1', false],
  ['{"a":"}', false],
  [' {}', false],
  ['{} ', false],
  ['[]', false],
  ['null', false],
  ['', false],
])('%s is one JSON object: %s', (text, is) => {
  expect(isRawObject(text)).toBe(is);
});

test('names are those that clusters allow', () => {
  for (const name of ['logs', '.kibana_1', '.ds-logs-app-2026.11.26-000001', 'ünïcode-索引', 'a+b', 'x'.repeat(255)]) {
    expect(isIndexName(name)).toBe(true);
  }
  for (const name of [
    '',
    '.',
    '..',
    '-a',
    '+a',
    '_a',
    'A',
    'a b',
    'a/b',
    'a\\b',
    'a*',
    'a?',
    'a"',
    'a#b',
    'a|b',
    'a\n',
  ]) {
    expect(isIndexName(name)).toBe(false);
  }
  for (const name of ['nightly-1', '-b', '+x', 'snap.2026-11-26', 'ünïcode']) expect(isSnapshotName(name)).toBe(true);
  for (const name of ['', '_all', 'A', 'a b', 'a,b', 'a#b', '..', 'a\u2028b']) expect(isSnapshotName(name)).toBe(false);
});
