import { isCancellation, setCurrentDetails, setHandler } from '@temporalio/workflow';
import {
  type ChunkPlan,
  type ChunkResult,
  type CopiedGroup,
  type CopiedShard,
  type CopyGroupInput,
  type ShardProgress,
} from '../src/contracts/jobs/copy';
import { NO_PROGRESS } from '../src/contracts/jobs/job';
import { groupStatusQuery } from '../src/contracts/jobs/workflow-messages';
import { type ObjectRef } from '../src/contracts/stored';
import { inWindow } from './in-window';
import { reasonOf } from './job-failures';
import { controlActivities, dataActivities } from './profiles';

/** Large shards of a group, and chunks of one shard, that are copied concurrently. */
const SHARDS_AT_ONCE = 2;
const CHUNKS_AT_ONCE = 2;

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
      copied.push({ ordinal, parts: await copyShard(input, ordinal, show) });
    } catch (error) {
      if (isCancellation(error)) throw error;
      const reason = reasonOf(error);
      copied.push({ ordinal, parts: [], failure: { reason, status: 'INTERNAL_SERVER_ERROR' } });
      show({ stage: 'FAILURE', reason });
    }
  });
  copied.sort((a, b) => a.ordinal - b.ordinal);
  return controlActivities(options, 'keep what was copied').keepCopied({ ...input, copied });
}

/** Copies the sealed part of a shard in chunks. Returns the notes that list its segments. */
async function copyShard(
  input: CopyGroupInput,
  ordinal: number,
  show: (change: Partial<ShardProgress>) => void,
): Promise<ObjectRef[]> {
  const shard = { repository: input.repository, uuid: input.uuid, plan: input.plan, ordinal, options: input.options };
  const planned = await dataActivities(input.options, `plan shard ${ordinal + 1}`).planShard(shard);
  show({ stage: 'STARTED' });
  const parts = new Array<ChunkResult>(planned.chunks.length);
  const done = { ...NO_PROGRESS };
  await inWindow([...planned.chunks.entries()], CHUNKS_AT_ONCE, async ([c, chunk]) => {
    const part = await dataActivities(input.options, chunkLabel(planned.label, chunk)).copyChunk({ ...shard, chunk });
    parts[c] = part;
    done.documents += part.documents;
    done.objects += part.objects;
    done.bytes += part.bytes;
    show(done);
    setCurrentDetails(`${planned.label}: ${done.documents} documents copied`);
  });
  return parts.flatMap((part) => part.parts);
}

function chunkLabel(shard: string, chunk: ChunkPlan): string {
  return `${shard} seq ${chunk.from}–${chunk.to - 1}`;
}
