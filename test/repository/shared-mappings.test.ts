import fc from 'fast-check';
import { Catalogue } from '../../src/repository/catalogue/catalogue';
import { commitSnapshot } from '../../src/repository/committing/commit-snapshot';
import { newSnapshotUuid } from '../../src/repository/format/keys';
import { shareMappings, unshareMappings } from '../../src/repository/format/shared-mappings';
import { MemoryBlobStore } from './support/memory-blob-store';
import { CLUSTER } from './support/shards';

test('indices come back with the mappings they had, each text stored once', () => {
  const index = fc.record({ name: fc.string(), mappings: fc.constantFrom('{}', '{"a":1}', '{"b":{}}') });
  fc.assert(
    fc.property(fc.array(index), (indices) => {
      const shared = shareMappings(indices);
      expect(new Set(shared.mappings).size).toBe(shared.mappings.length);
      expect(unshareMappings(shared)).toEqual(indices);
    }),
  );
});

/** Each with a mapping of its own they would be 180 MB of JSON, more than a metadata object may have. */
test('a snapshot of 900 indices whose mapping has 5,000 fields is committed, and read back', async () => {
  const fields = Array.from({ length: 5_000 }, (_, i) => `"a_field_with_number_${i}":{"type":"keyword"}`);
  const mappings = `{"properties":{${fields.join(',')}}}`;
  const store = new MemoryBlobStore();
  const uuid = newSnapshotUuid();
  const entry = await commitSnapshot(
    new Catalogue(store),
    {
      format: 1,
      snapshot: 'wide',
      uuid,
      state: 'FAILED',
      startMillis: 1,
      endMillis: 2,
      cluster: CLUSTER,
      includeGlobalState: false,
      indices: Array.from({ length: 900 }, (_, i) => ({
        name: `wide-${i}`,
        uuid: `index-${i}`,
        settings: '{}',
        mappings,
        aliases: '{}',
        shards: [null],
      })),
      failures: [],
      totals: { objects: 0, bytes: 0, addedObjects: 0, addedBytes: 0, documents: 0 },
    },
    { compress: false },
  );
  expect(entry.manifest.length).toBeLessThan(2 * mappings.length);
  const { indices } = await new Catalogue(store).readSnapshotManifest(entry.manifest);
  expect(indices).toHaveLength(900);
  expect(indices.every((index) => index.mappings === mappings)).toBe(true);
});
