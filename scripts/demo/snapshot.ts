import { listBucket } from './bucket';
import { bytes, say } from './console';
import { compareListings } from './listing';
import { startProgress } from './progress';
import { snapshotProgress, watch } from './watch';
import { type World } from './world';

/** The cost of one snapshot. */
export interface SnapshotCost {
  readonly name: string;
  /** Number of documents that the snapshot holds. */
  readonly documents: number;
  /** Bytes that the cluster sent, with HTTP headers. */
  readonly read: number;
  /** Bytes by which the bucket grew. */
  readonly stored: number;
  readonly objects: number;
  readonly millis: number;
}

/** Takes a snapshot, shows its progress, and measures it. Throws unless it ends in SUCCESS. */
export async function takeSnapshot(world: World, repository: string, snapshot: string): Promise<SnapshotCost> {
  const { door, embedded, meter } = world;
  const documents = (await door.call('GET', '/_count', undefined, { show: false })).json.count as number;
  const before = await listBucket(embedded.ossEndpoint);
  const receivedBefore = meter.received();
  await door.call('PUT', `/_snapshot/${repository}/${snapshot}`);
  const { total } = await watch(snapshotProgress(door, repository, snapshot), startProgress(bytes));
  if (total === 0) say('  nothing to copy');
  const read = meter.received() - receivedBefore;
  const grown = compareListings(before, await listBucket(embedded.ossEndpoint));
  const { duration_in_millis: millis } = await finishedSnapshot(world, repository, snapshot);
  return {
    name: snapshot,
    documents,
    read,
    stored: grown.addedBytes - grown.removedBytes,
    objects: grown.added.length - grown.removed.length,
    millis,
  };
}

/** Returns the finished snapshot as the API shows it. Throws unless its state is SUCCESS. */
export async function finishedSnapshot(
  { door }: World,
  repository: string,
  snapshot: string,
): Promise<{ state: string; duration_in_millis: number }> {
  const path = `/_snapshot/${repository}/${snapshot}?filter_path=snapshots.state,snapshots.duration_in_millis,snapshots.shards`;
  const { json } = await door.call('GET', path);
  const [info] = json.snapshots;
  if (info.state !== 'SUCCESS') throw new Error(`${repository}/${snapshot} ended as ${info.state}`);
  return info;
}
