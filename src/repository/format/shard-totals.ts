import { type ShardEntry, type Totals } from '../../contracts/stored';
import { segmentObjects, type ShardManifest } from './format';
import { writerOf } from './keys';

const NOTHING: Totals = { objects: 0, bytes: 0, addedObjects: 0, addedBytes: 0, documents: 0 };

/** Sums what the shard needs, and what of that the snapshot with UUID `writer` wrote. */
export function shardTotals(manifest: ShardManifest, writer: string): Totals {
  const objects = manifest.segments.flatMap(segmentObjects);
  const added = objects.filter(({ key }) => writerOf(key) === writer);
  return {
    objects: objects.length,
    bytes: sum(objects.map(({ length }) => length)),
    addedObjects: added.length,
    addedBytes: sum(added.map(({ length }) => length)),
    documents: sum(manifest.segments.map(({ live }) => live)),
  };
}

/** Sums the totals of shards; a failed shard (null) holds nothing. */
export function sumTotals(shards: Iterable<ShardEntry | null>): Totals {
  let totals = NOTHING;
  for (const shard of shards) {
    if (shard === null) continue;
    totals = {
      objects: totals.objects + shard.totals.objects,
      bytes: totals.bytes + shard.totals.bytes,
      addedObjects: totals.addedObjects + shard.totals.addedObjects,
      addedBytes: totals.addedBytes + shard.totals.addedBytes,
      documents: totals.documents + shard.totals.documents,
    };
  }
  return totals;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
