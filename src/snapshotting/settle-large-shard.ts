import { type CopiedParts, type ShardResult } from '../contracts/jobs/copy';
import { type CopyProgress } from '../contracts/jobs/job';
import { settleShard } from '../repository/segments/settle-shard';
import { NOTHING_COPIED } from '../repository/segments/shard-ranges';
import { CopyCounter } from './copy-counter';
import { readLists } from './job-notes';
import { type ChangedShard } from './job-plan';
import { segmentWriting, shardSettling, type SnapshotCopy, trustingFirst } from './shard-copying';
import { ofSameHistory, statesThenRefresh } from './states-at-copy';

/**
 * Ends a large shard whose chunks were copied: one view decides which documents are live, then the shard manifest is
 * written. `parts` are the notes of the chunks. If what was copied or known proves wrong, copies the shard whole.
 *
 * Returns a failure when the index was deleted, or created again, while it was copied. Throws what the cluster and the
 * store throw. Running it again is harmless: each attempt writes under its own keys.
 */
export async function settleLargeShard(
  copy: SnapshotCopy,
  shard: ChangedShard,
  { parts, covers }: CopiedParts,
  onProgress: (done: CopyProgress) => void,
): Promise<ShardResult> {
  const { cluster, repository, signal } = copy;
  const copied = { segments: await readLists(repository.store, 'segments', parts, { signal }), covers };
  const states = await statesThenRefresh(cluster, [shard.index.name], signal);
  const writing = segmentWriting(copy, shard, new CopyCounter(onProgress).add);
  const settle = await shardSettling(copy, shard, states.of(shard), writing);
  const entry = await trustingFirst(settle.base !== undefined || covers.length > 0, (trusts) =>
    settleShard(trusts ? { ...settle, copied } : { ...settle, base: undefined, copied: NOTHING_COPIED }, signal),
  );
  const [result] = await ofSameHistory(cluster, [{ ordinal: shard.ordinal, entry }], [shard], signal);
  return result!;
}
