/** Prints snapshots as `_status` shows them, with the fields of Elasticsearch since 6.4 and the older ones. Pure. */
import { type ShardStage } from '../../contracts/jobs/copy';
import { type JsonObject } from '../../elasticsearch/json-value';
import { byteSize, timeValue } from '../../elasticsearch/values';
import { type FileCount, type IndexRows, type ShardRow } from './shard-rows';

interface StatusHead {
  readonly snapshot: string;
  readonly repository: string;
  readonly uuid: string;
  readonly state: string;
  readonly includeGlobalState: boolean;
  readonly startMillis: number;
  /** Ms that the snapshot took, or has been running. */
  readonly millis: number;
}

/** Returns one element of `snapshots`; with `human`, sizes and times for people too. */
export function statusJson(head: StatusHead, indices: readonly IndexRows[], human = false): JsonObject {
  const all = indices.flatMap((index) => index.shards);
  return {
    snapshot: head.snapshot,
    repository: head.repository,
    uuid: head.uuid,
    state: head.state,
    include_global_state: head.includeGlobalState,
    shards_stats: shardsStats(all),
    stats: stats(sum(all), head.startMillis, head.millis, human),
    indices: Object.fromEntries(indices.map((index) => [index.name, indexJson(index.shards, human)])),
  };
}

function indexJson(shards: readonly ShardRow[], human: boolean): JsonObject {
  const start = Math.min(...shards.map((shard) => shard.startMillis));
  const end = Math.max(...shards.map((shard) => shard.startMillis + shard.millis));
  return {
    shards_stats: shardsStats(shards),
    stats: stats(sum(shards), shards.length === 0 ? 0 : start, shards.length === 0 ? 0 : end - start, human),
    shards: Object.fromEntries(
      shards.map((shard, number) => [
        String(number),
        { stage: shard.stage, stats: stats(shard, shard.startMillis, shard.millis, human), reason: shard.reason },
      ]),
    ),
  };
}

function shardsStats(shards: readonly ShardRow[]): JsonObject {
  const count = (stage: ShardStage): number => shards.filter((shard) => shard.stage === stage).length;
  return {
    initializing: count('INIT'),
    started: count('STARTED'),
    finalizing: count('FINALIZE'),
    done: count('DONE'),
    failed: count('FAILURE'),
    total: shards.length,
  };
}

interface Counts {
  readonly incremental: FileCount;
  readonly processed: FileCount;
  readonly total: FileCount;
}

function sum(shards: readonly ShardRow[]): Counts {
  const of = (field: keyof Counts): FileCount =>
    shards.reduce((all, shard) => ({ files: all.files + shard[field].files, bytes: all.bytes + shard[field].bytes }), {
      files: 0,
      bytes: 0,
    });
  return { incremental: of('incremental'), processed: of('processed'), total: of('total') };
}

function stats(
  { incremental, processed, total }: Counts,
  startMillis: number,
  millis: number,
  human: boolean,
): JsonObject {
  return {
    incremental: fileCount(incremental, human),
    processed: fileCount(processed, human),
    total: fileCount(total, human),
    start_time_in_millis: startMillis,
    time: human ? timeValue(millis) : undefined,
    time_in_millis: millis,
    // Elasticsearch 1.x to 6.x, which counted the files that had to be copied.
    number_of_files: incremental.files,
    processed_files: processed.files,
    total_size_in_bytes: incremental.bytes,
    processed_size_in_bytes: processed.bytes,
  };
}

function fileCount({ files, bytes }: FileCount, human: boolean): JsonObject {
  return { file_count: files, size: human ? byteSize(bytes) : undefined, size_in_bytes: bytes };
}
