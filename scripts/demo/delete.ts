import { listBucket } from './bucket';
import { bytes, count, say } from './console';
import { compareListings, sizeOf } from './listing';
import { type World } from './world';

/** Deletes snapshots and shows the space that this frees. */
export async function deleteAndShow({ door, embedded }: World, path: string): Promise<void> {
  const before = await listBucket(embedded.ossEndpoint);
  await door.call('DELETE', `/_snapshot/${path}`);
  const after = await listBucket(embedded.ossEndpoint);
  const { added, removed, addedBytes, removedBytes } = compareListings(before, after);
  say(
    `  freed ${count(removed.length - added.length)} objects, ${bytes(removedBytes - addedBytes)}; ` +
      `${count(after.size)} objects, ${bytes(sizeOf(after))} are left`,
  );
}
