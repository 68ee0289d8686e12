import {
  ApplicationFailure,
  CancellationScope,
  isCancellation,
  log,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import {
  type ChunkPlan,
  type ChunkResult,
  type CopiedGroup,
  type CopiedShard,
  type CopyGroupInput,
  mostChunks,
  type ShardPlan,
  type ShardProgress,
} from '../src/contracts/jobs/copy';
import { type CopyProgress, NO_PROGRESS } from '../src/contracts/jobs/job';
import { groupStatusQuery } from '../src/contracts/jobs/workflow-messages';
import { inWindow } from './in-window';
import { reasonOf } from './job-failures';
import { controlActivities, dataActivities } from './profiles';

/** Large shards of a group, and chunks of one shard, that are copied concurrently. */
const SHARDS_AT_ONCE = 2;
const CHUNKS_AT_ONCE = 2;
/** Views that are lost in a row before anything was copied from them, after which a shard fails. */
const MOST_FRUITLESS = 5;

/**
 * Copies what is sealed of one group of shards: many small ones in one activity, a few large ones chunk by chunk. Child
 * of `createSnapshotWorkflow`. Ends when each shard is copied or has failed for good; a failed shard is noted, and the
 * snapshot decides what it means. Leaves a note in the bucket that names the segments.
 *
 * Cancelled, it stops its activities and throws the cancellation; the snapshot's roll-back deletes what was written.
 */
export async function copyShardGroupWorkflow(input: CopyGroupInput): Promise<CopiedGroup> {
  const { group, options } = input;
  const shards: ShardProgress[] = Array.from({ length: group.count }, (_, i) => ({
    ordinal: group.first + i,
    stage: group.small ? 'STARTED' : 'INIT',
    documents: 0,
    objects: 0,
    bytes: 0,
  }));
  setHandler(groupStatusQuery, () => ({ shards }));
  if (group.small) return dataActivities(options, group.label).copySealedGroup(input);

  const copied: CopiedShard[] = [];
  await inWindow([...shards.entries()], SHARDS_AT_ONCE, async ([i, { ordinal }]) => {
    const show = (change: Partial<ShardProgress>): void => {
      shards[i] = { ...shards[i]!, ...change };
    };
    try {
      copied.push(await copyShard(input, ordinal, show));
    } catch (error) {
      if (isCancellation(error)) throw error;
      const reason = reasonOf(error);
      copied.push({ ordinal, parts: [], covers: [], failure: { reason, status: 'INTERNAL_SERVER_ERROR' } });
      show({ stage: 'FAILURE', reason });
    }
  });
  copied.sort((a, b) => a.ordinal - b.ordinal);
  return controlActivities(options, 'keep what was copied').keepCopied({ ...input, copied });
}

/**
 * Copies the sealed part of a shard in chunks. Where the cluster lost the view that chunks were copied in, plans and
 * copies the rest in another one.
 */
async function copyShard(
  input: CopyGroupInput,
  ordinal: number,
  show: (change: Partial<ShardProgress>) => void,
): Promise<CopiedShard> {
  const shard = { repository: input.repository, uuid: input.uuid, plan: input.plan, ordinal, options: input.options };
  let copied: CopiedShard = { ordinal, parts: [], covers: [] };
  let done = NO_PROGRESS;
  let fruitless = 0;
  for (;;) {
    const bounds = { parts: copied.parts, mostChunks: mostChunks(input.group) };
    const planned = await dataActivities(input.options, `plan shard ${ordinal + 1}`).planShard({ ...shard, ...bounds });
    show({ stage: 'STARTED' });
    if (planned.anew === true) {
      copied = { ordinal, parts: [], covers: [] };
      done = NO_PROGRESS;
    }
    const results = await copyChunks(shard, planned, (chunk) => {
      done = plus(done, chunk);
      show(done);
      setCurrentDetails(`${planned.label}: ${done.documents} documents copied`);
    });
    if (results.some(({ inconsistent }) => inconsistent === true)) {
      log.warn('a shard is read whole when it is settled: its numbers are not what they were taken for', {
        shard: planned.label,
      });
      return { ordinal, parts: [], covers: [] };
    }
    const newParts = results.flatMap((result) => result.parts);
    copied = { ordinal, parts: [...copied.parts, ...newParts], covers: [...copied.covers, ...planned.covers] };
    if (!results.some(({ viewLost }) => viewLost === true)) return copied;
    log.warn('the view of a shard was lost; what is not stored yet is read in another one', {
      shard: planned.label,
      documents: done.documents,
    });
    fruitless = newParts.length > 0 ? 0 : fruitless + 1;
    if (fruitless === MOST_FRUITLESS) {
      const reason = `the cluster lost ${fruitless} views of ${planned.label} before anything was read from them`;
      throw ApplicationFailure.nonRetryable(reason, 'view_lost');
    }
  }
}

/** Copies the chunks of a plan, and has the view closed that they are copied in. */
async function copyChunks(
  shard: Omit<CopyGroupInput, 'group' | 'snapshot'> & { readonly ordinal: number },
  { label, chunks, ordered }: ShardPlan,
  onCopied: (chunk: ChunkResult) => void,
): Promise<ChunkResult[]> {
  const results = new Array<ChunkResult>(chunks.length);
  try {
    await inWindow([...chunks.entries()], CHUNKS_AT_ONCE, async ([c, chunk]) => {
      const { options } = shard;
      const result = await dataActivities(options, chunkLabel(label, chunk)).copyChunk({ ...shard, chunk, ordered });
      results[c] = result;
      onCopied(result);
    });
    return results;
  } finally {
    if (ordered !== undefined) {
      await CancellationScope.nonCancellable(() =>
        dataActivities(shard.options, 'close the view').closeOrderedView({
          options: shard.options,
          view: ordered.view,
        }),
      );
    }
  }
}

function plus(sum: CopyProgress, { documents, objects, bytes }: ChunkResult): CopyProgress {
  return { documents: sum.documents + documents, objects: sum.objects + objects, bytes: sum.bytes + bytes };
}

function chunkLabel(shard: string, { from, to, ordered }: ChunkPlan): string {
  return `${shard} ${ordered === true ? 'documents' : 'seq'} ${from}–${to - 1}`;
}
