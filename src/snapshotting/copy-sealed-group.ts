/** Copies what is sealed of a group of small shards, so that their views need not stay open for that. */
import { inLanes } from '../concurrency/lanes';
import { type CopiedShard } from '../contracts/jobs/copy';
import { type Segment } from '../repository/format/format';
import { copySealed } from '../repository/segments/copy-sealed';
import { type GroupProgress } from './group-progress';
import { putList } from './job-notes';
import { type ChangedShard } from './job-plan';
import { planChunks } from './plan-chunks';
import { readBase, segmentWriting, type SnapshotCopy } from './shard-copying';
import { failureOf } from './shard-failure';
import { checkHistory, indexNamesOf, type ShardStates, statesThenRefresh } from './states-at-copy';

/** Shards that are copied concurrently. */
const SHARDS_AT_ONCE = 4;

/** The part of a group that earlier attempts have done, and the receivers of what this attempt does. */
interface SealedRun {
  readonly done: readonly CopiedShard[];
  /** Receives all shards so far when one more has ended; a later attempt passes them as `done`. */
  readonly onDone: (copied: readonly CopiedShard[]) => void;
  readonly progress: GroupProgress;
}

/**
 * Copies the sealed parts of the shards that are not in `done`. Returns all shards, in their order; one that failed for
 * good has the reason. Throws retryable errors, and errors that concern the repository or the service.
 */
export async function copySealedGroup(
  copy: SnapshotCopy,
  group: readonly ChangedShard[],
  { done, onDone, progress }: SealedRun,
): Promise<CopiedShard[]> {
  let all = done;
  const isDone = new Set(done.map(({ ordinal }) => ordinal));
  const rest = group.filter(({ ordinal }) => !isDone.has(ordinal));
  const states = await statesThenRefresh(copy.cluster, indexNamesOf(rest), copy.signal);
  await inLanes(rest, SHARDS_AT_ONCE, async (shard) => {
    const { ordinal } = shard;
    progress.begin(ordinal);
    all = [...all, await copyShard(copy, shard, states, progress)];
    onDone(all);
  });
  return [...all].sort((a, b) => a.ordinal - b.ordinal);
}

async function copyShard(
  copy: SnapshotCopy,
  shard: ChangedShard,
  states: ShardStates,
  progress: GroupProgress,
): Promise<CopiedShard> {
  const { ordinal } = shard;
  const { repository, reader, signal, uuid } = copy;
  try {
    const state = states.of(shard);
    checkHistory(shard, state);
    const { target } = shard.plan;
    const base = await readBase(copy, shard);
    const cut = { base, globalCheckpoint: state.globalCheckpoint, maxBytes: Infinity };
    const writing = segmentWriting(copy, shard, (wrote) => progress.wrote(ordinal, wrote));
    const segments: Segment[] = [];
    const { chunks, covers } = await planChunks(reader, target, cut, signal);
    for (const chunk of chunks) {
      for await (const { segment } of copySealed(writing, reader, target, chunk, signal)) segments.push(segment);
    }
    if (segments.length === 0) return { ordinal, parts: [], covers };
    const { compress } = repository.write;
    return {
      ordinal,
      parts: [await putList(repository.store, uuid, 'segments', segments, { compress, signal })],
      covers,
    };
  } catch (error) {
    return { ordinal, parts: [], covers: [], failure: failureOf(error) };
  }
}
