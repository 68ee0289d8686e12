import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { XMLParser } from 'fast-xml-parser';
import { fromBytes, toBytes } from '../src/byte-string';
import { type BucketContext } from '../src/context';
import { listObjects } from '../src/routes/list-objects';
import { Bucket } from '../src/storage/bucket';

const parser = new XMLParser({
  parseTagValue: false,
  isArray: (name) => name === 'Contents' || name === 'CommonPrefixes',
});
type Document = {
  ListBucketResult: {
    Contents?: { Key: string }[];
    CommonPrefixes?: { Prefix: string }[];
    IsTruncated: string;
    NextMarker?: string;
    NextContinuationToken?: string;
    KeyCount?: string;
  };
};

/** What a listing is by definition: everything sorted by bytes, then grouped. */
function model(keys: readonly string[], prefix: string, delimiter: string, after: string): string[] {
  const found = new Set<string>();
  for (const key of keys.map(toBytes).filter((one) => one.startsWith(toBytes(prefix)))) {
    const at = delimiter === '' ? -1 : key.indexOf(toBytes(delimiter), toBytes(prefix).length);
    const shown = at < 0 ? key : key.slice(0, at + toBytes(delimiter).length);
    if (shown > toBytes(after)) found.add(shown);
  }
  return [...found].sort().map(fromBytes);
}

async function page(bucket: Bucket, query: Record<string, string>): Promise<Document['ListBucketResult']> {
  const bytes = new Map(Object.entries(query).map(([name, value]) => [name, toBytes(value)]));
  const context = { bucket, request: { query: bytes }, service: {} } as unknown as BucketContext;
  const reply = await listObjects(context);
  return (parser.parse(reply.body as Buffer) as Document).ListBucketResult;
}

function shown(result: Document['ListBucketResult']): string[] {
  const keys = (result.Contents ?? []).map(({ Key }) => Key);
  const prefixes = (result.CommonPrefixes ?? []).map(({ Prefix }) => Prefix);
  return [...keys, ...prefixes].map(decodeURIComponent);
}

test('pages of any size, in both versions, add up to what a listing is by definition', async () => {
  const part = fc.constantFrom('a', 'b', '-', '/', 'é', '中', '😀', '\uffee', 'A', '.');
  const text = (minLength: number) => fc.array(part, { minLength, maxLength: 6 }).map((parts) => parts.join(''));
  const key = text(1).filter((one) => !one.startsWith('/'));
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(key, { maxLength: 30 }),
      fc.oneof(fc.constant(''), text(1)),
      fc.constantFrom('', '/', 'é', 'a/'),
      fc.integer({ min: 1, max: 7 }),
      fc.oneof(fc.constant(''), text(1)),
      async (keys, prefix, delimiter, maxKeys, start) => {
        const folder = await mkdtemp(join(tmpdir(), 'snapkeep-list-'));
        const bucket = await Bucket.open(folder, { name: 'snapshots' });
        try {
          const rules = { maxBytes: 10, forbidOverwrite: false };
          for (const one of keys) {
            await bucket.put(toBytes(one), (async function* () {})(), {}, rules);
          }
          const common = { prefix, delimiter, 'max-keys': String(maxKeys), 'encoding-type': 'url' };
          const byMarker: string[] = [];
          for (let marker: string | undefined = ''; marker !== undefined;) {
            const result = await page(bucket, { ...common, marker });
            byMarker.push(...shown(result).sort(byBytes));
            expect(result.IsTruncated).toBe(String(result.NextMarker !== undefined));
            marker = result.NextMarker === undefined ? undefined : decodeURIComponent(result.NextMarker);
          }
          expect(byMarker).toEqual(model(keys, prefix, delimiter, ''));

          const byToken: string[] = [];
          let more: Record<string, string> = start === '' ? {} : { 'start-after': start };
          for (let pages = 0; pages < 100; pages++) {
            const result = await page(bucket, { ...common, 'list-type': '2', ...more });
            byToken.push(...shown(result).sort(byBytes));
            expect(Number(result.KeyCount)).toBe(shown(result).length);
            if (result.NextContinuationToken === undefined) break;
            more = { 'continuation-token': result.NextContinuationToken };
          }
          expect(byToken).toEqual(modelAfter(keys, prefix, delimiter, start));
        } finally {
          await bucket.close();
          await rm(folder, { recursive: true, force: true });
        }
      },
    ),
    { numRuns: 60 },
  );
});

/** start-after leaves out keys; what is left is grouped. */
function modelAfter(keys: readonly string[], prefix: string, delimiter: string, start: string): string[] {
  const left = keys.filter((key) => toBytes(key) > toBytes(start));
  // A start that is itself a common prefix stands for all that is below it.
  const grouped = model(left, prefix, delimiter, '');
  return grouped.filter((one) => one !== start || delimiter === '' || !start.endsWith(delimiter));
}

function byBytes(a: string, b: string): number {
  return toBytes(a) < toBytes(b) ? -1 : 1;
}
