import { listBucket } from './bucket';
import { bytes, count, percent, say } from './console';
import { compareListings, sizeOf } from './listing';
import { startProgress } from './progress';
import { snapshotProgress, watch } from './watch';
import { type World } from './world';

/** Deletes a running snapshot. Throws if that leaves anything in the API or in the bucket. */
export async function cancelMidway({ door, embedded }: World, repository: string, snapshot: string): Promise<void> {
  const path = `/_snapshot/${repository}/${snapshot}`;
  const before = await listBucket(embedded.ossEndpoint);
  await door.call('PUT', path);
  const read = snapshotProgress(door, repository, snapshot);
  const seen = await watch(read, startProgress(bytes), ({ done, total }) => percent(done, total) >= 10);
  if (!seen.running) throw new Error('the snapshot was over before it could be cancelled');
  const during = compareListings(before, await listBucket(embedded.ossEndpoint));
  say(`  in the bucket by now: ${count(during.added.length)} more objects, ${bytes(during.addedBytes)}`);
  if (during.added.length === 0) throw new Error('the snapshot had written nothing yet when it was cancelled');
  await door.call('DELETE', path);
  await door.call('GET', path, undefined, { expect: [404] });
  const after = await listBucket(embedded.ossEndpoint);
  const left = compareListings(before, after);
  // The root is written again, because it lists the snapshot as rolled back.
  const differing = [...left.added, ...left.removed, ...left.changed].filter((key) => !/snapkeep-root-\d+$/.test(key));
  if (differing.length > 0) throw new Error(`cancelling changed the bucket: ${differing.slice(0, 5).join(', ')}`);
  say(`  nothing of it is left: the bucket holds ${count(after.size)} objects, ${bytes(sizeOf(after))}`);
}
