/**
 * Copying one group of shards: many small ones in one activity, or a few large ones, chunk by chunk. A shard that
 * fails for good is a result, not the end of the group; the snapshot decides what it means.
 */
import { isCancellation, setCurrentDetails, setHandler } from '@temporalio/workflow';
import {
  type ChunkPlan,
  type ChunkResult,
  type CopyGroupInput,
  type GroupResult,
  type ShardProgress,
  type ShardResult,
} from '../src/contracts/jobs/copy';
import { groupStatusQuery } from '../src/contracts/jobs/workflow-messages';
import { reasonOf } from './failures';
import { inWindow } from './in-window';
import { controlActivities, dataActivities } from './profiles';

/** Large shards of a group at once, and chunks of one shard at once. */
const SHARDS_AT_ONCE = 2;
const CHUNKS_AT_ONCE = 2;

export async function copyShardGroupWorkflow(input: CopyGroupInput): Promise<GroupResult> {
  const { group, options } = input;
  const shards: ShardProgress[] = Array.from({ length: group.count }, (_, i) => ({
    ordinal: group.first + i,
    stage: group.small ? 'STARTED' : 'INIT',
    documents: 0,
    objects: 0,
    bytes: 0,
  }));
  setHandler(groupStatusQuery, () => ({ shards }));
  if (group.small) return dataActivities(options, group.label).copySmallGroup(input);

  const results: ShardResult[] = [];
  await inWindow([...shards.keys()], SHARDS_AT_ONCE, async (i) => {
    const show = (change: Partial<ShardProgress>): void => {
      shards[i] = { ...shards[i], ...change };
    };
    try {
      results.push(await copyShard(input, shards[i].ordinal, show));
      show({ stage: 'DONE' });
    } catch (error) {
      if (isCancellation(error)) throw error;
      const reason = reasonOf(error);
      results.push({ ordinal: shards[i].ordinal, failure: { reason, status: 'INTERNAL_SERVER_ERROR' } });
      show({ stage: 'FAILURE', reason });
    }
  });
  results.sort((a, b) => a.ordinal - b.ordinal);
  return controlActivities(options, 'keep the results').keepGroupResults({ ...input, results });
}

/** Copies the sealed part in chunks, then settles the shard: counts, deletions, the last documents, its manifest. */
async function copyShard(
  input: CopyGroupInput,
  ordinal: number,
  show: (change: Partial<ShardProgress>) => void,
): Promise<ShardResult> {
  const shard = { repository: input.repository, uuid: input.uuid, plan: input.plan, ordinal, options: input.options };
  const planned = await dataActivities(input.options, `plan shard ${ordinal + 1}`).planShard(shard);
  show({ stage: 'STARTED' });
  const parts = new Array<ChunkResult>(planned.chunks.length);
  const done = { documents: 0, objects: 0, bytes: 0 };
  await inWindow([...planned.chunks.keys()], CHUNKS_AT_ONCE, async (c) => {
    const chunk = planned.chunks[c];
    parts[c] = await dataActivities(input.options, chunkLabel(planned.label, chunk)).copyChunk({ ...shard, chunk });
    done.documents += parts[c].documents;
    done.objects += parts[c].objects;
    done.bytes += parts[c].bytes;
    show(done);
    setCurrentDetails(`${planned.label}: ${done.documents} documents copied`);
  });
  show({ stage: 'FINALIZE' });
  return dataActivities(input.options, `${planned.label} settle`).settleShard({
    ...shard,
    parts: parts.flatMap((part) => part.parts),
  });
}

function chunkLabel(shard: string, chunk: ChunkPlan): string {
  return `${shard} seq ${chunk.from}–${chunk.to - 1}`;
}
