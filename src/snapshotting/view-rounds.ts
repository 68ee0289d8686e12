/** Opens the views of a snapshot round by round, and leaves each round as a note in the bucket. */
import { type BlobStore } from '../blobs/contract/blob-store';
import { type Cluster } from '../cluster/cluster';
import { isSnapkeepError } from '../contracts/errors';
import { type OpenedViews } from '../contracts/jobs/copy';
import { type ObjectRef } from '../contracts/stored';
import { putList, readLists } from './job-notes';
import { changedShards, groupToSettle, type JobPlan, writePlan } from './job-plan';
import { type NoteReader } from './note-reader';
import { closeViews, openViews } from './open-views';
import { type SnapshotCopy } from './shard-copying';

/**
 * Opens views of the plan's changed shards from an ordinal on, as many as may be open, and writes the note. Throws what
 * the cluster and the store throw; no view is open then.
 */
export async function openRound(
  copy: SnapshotCopy,
  { plan, ref }: { readonly plan: JobPlan; readonly ref: ObjectRef },
  from: number,
): Promise<OpenedViews> {
  const { repository, uuid, signal } = copy;
  const { store, write } = repository;
  const options = { compress: write.compress, signal };
  const opened = await openViews(copy, plan, { from });
  try {
    const changed = changedShards(opened.plan);
    return {
      plan: opened.revised ? await writePlan(store, opened.plan, options) : ref,
      views: await putList(store, uuid, 'views', opened.shards, options),
      to: opened.to,
      changedShards: changed.length,
      groups: groupToSettle(changed.slice(from, opened.to)),
      unchangedMillis: opened.unchangedMillis,
    };
  } catch (error) {
    await closeViews(copy.reader, opened.shards);
    throw error;
  }
}

/** Closes the views that the notes list, as far as notes and cluster are there. What stays open expires. */
export async function closeNotedViews(
  cluster: Cluster,
  { store, notes }: { readonly store: BlobStore; readonly notes: NoteReader },
  { plan: ref, views }: { readonly plan: ObjectRef; readonly views: readonly ObjectRef[] },
  signal: AbortSignal,
): Promise<void> {
  if (views.length === 0) return;
  try {
    const plan = await notes.plan(store, ref, signal);
    const shards = await readLists(store, 'views', views, { signal });
    await closeViews(cluster.readerOf({ ...plan.cluster, pit: plan.pit }), shards);
  } catch (error) {
    if (!isSnapkeepError(error)) throw error;
  }
}
