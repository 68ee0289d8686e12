import { type DocumentReader } from '../src/cluster/reading/document-reader';
import { inLanes } from '../src/concurrency/lanes';
import { isSnapkeepError, type SnapkeepError } from '../src/contracts/errors';
import {
  type ChunkPlan,
  type ChunkResult,
  type CopyGroupInput,
  type GroupResult,
  MAX_CHUNKS,
  type ShardPlan,
  type ShardResult,
} from '../src/contracts/jobs/copy';
import { type CopyProgress, type JobOptions, type JobRepository } from '../src/contracts/jobs/job';
import { type ObjectRef } from '../src/contracts/stored';
import { unlessUnreadable } from '../src/repository/catalogue/catalogue';
import { type Segment } from '../src/repository/format/format';
import { copySealed } from '../src/repository/segments/copy-sealed';
import { copySmallShard, settleShard } from '../src/repository/segments/settle-shard';
import { type WriteProgress } from '../src/repository/segments/write-segments';
import { keepPart, readParts } from '../src/snapshotting/chunk-notes';
import { GroupProgress } from '../src/snapshotting/group-progress';
import { keepResults } from '../src/snapshotting/group-results';
import { changedShards, type JobPlan, readPlan } from '../src/snapshotting/job-plan';
import { planChunks } from '../src/snapshotting/plan-chunks';
import { shardCopying } from '../src/snapshotting/shard-copying';
import { type ActivityRun, isRepeated, runActivity } from './activity-shell';
import { type Dependencies } from './dependencies';
import { type Ledger } from './ledger-client';

/** Bytes of documents that one chunk aims at. */
const CHUNK_BYTES = 128 * 1024 * 1024;
/** Shards of a small group that are copied at once. */
const SMALL_SHARDS_AT_ONCE = 4;
/** A chunk notes finished segments in the bucket at this pace, ms: what a crash of the worker costs at most. */
const NOTE_MS = 3_000;

/** One large shard. */
export interface ShardJob {
  readonly repository: JobRepository;
  readonly uuid: string;
  readonly plan: ObjectRef;
  readonly ordinal: number;
  readonly options: JobOptions;
}

interface ChunkCursor {
  readonly next: number;
  readonly parts: readonly ObjectRef[];
  readonly done: CopyProgress;
}

const NOTHING: CopyProgress = { documents: 0, objects: 0, bytes: 0 };

export function copyActivities({ cluster, pool }: Dependencies, ledger: Ledger) {
  const openShard = async (call: ShardJob, signal: AbortSignal) => {
    const repository = ledger.open(call.repository);
    const plan = await readPlan(repository.store, call.plan, { signal });
    return { repository, shard: changedShards(plan)[call.ordinal], reader: await readerOf(plan, signal) };
  };
  /** Knows of the cluster what the job found at its begin; an attempt after a failed one asks again. */
  const readerOf = async ({ cluster: facts, pit }: JobPlan, signal: AbortSignal): Promise<DocumentReader> =>
    cluster.readerOf(isRepeated() ? await cluster.info(signal) : { ...facts, pit });

  const { writing, statesThenRefresh, ofSameHistory, settling } = shardCopying(cluster, pool);

  return {
    /**
     * Copies a group of small shards whole. Goes on after the shards that an earlier try had finished; a shard that
     * fails for good is a result.
     */
    copySmallGroup: (call: CopyGroupInput): Promise<GroupResult> =>
      runActivity<GroupResult, readonly ShardResult[]>(async (run) => {
        const { signal } = run;
        const repository = ledger.open(call.repository);
        const plan = await readPlan(repository.store, call.plan, { signal });
        const reader = await readerOf(plan, signal);
        const { first, count } = call.group;
        const group = changedShards(plan).slice(first, first + count);
        let results = run.resumeFrom ?? [];
        const isDone = new Set(results.map((result) => result.ordinal));
        const rest = group.filter((shard) => !isDone.has(shard.ordinal));
        const progress = new GroupProgress((written, working) => run.progress(written, working));
        const states = await statesThenRefresh([...new Set(rest.map((shard) => shard.index.name))], signal);
        const finish = (result: ShardResult): void => {
          results = [...results, result];
          progress.end(result.ordinal);
          run.advance(results);
        };
        await inLanes(rest, SMALL_SHARDS_AT_ONCE, async (shard) => {
          const { ordinal } = shard;
          try {
            progress.begin(ordinal);
            const write = writing(repository, call.uuid, shard, (wrote) => progress.wrote(ordinal, wrote));
            const onWritten = (): void => progress.enter(ordinal, 'FINALIZE');
            const settle = await settling(repository, reader, shard, states.of(shard), write, signal);
            const entry = await distrusting(settle.base !== undefined, (trusted) =>
              copySmallShard({ ...settle, onWritten, ...(trusted ? {} : { base: undefined }) }, signal),
            );
            finish({ ordinal, entry });
          } catch (error) {
            if (!isFinal(error)) throw error;
            finish({
              ordinal,
              failure: { reason: `${error.code}: ${error.message}`, status: 'INTERNAL_SERVER_ERROR' },
            });
          }
        });
        const checked = await ofSameHistory(results, group, signal);
        const ordered = checked.sort((a, b) => a.ordinal - b.ordinal);
        return keepResults(repository.store, call.uuid, ordered, { compress: repository.write.compress, signal });
      }, call.options.retryWindowMs),

    /** Cuts what a large shard has to read into chunks: what came since its base, and what of the base is worth writing anew. */
    planShard: (call: ShardJob): Promise<ShardPlan> =>
      runActivity(async ({ signal }) => {
        const { repository, shard, reader } = await openShard(call, signal);
        const { target, base } = shard.plan;
        const state = (await statesThenRefresh([shard.index.name], signal)).of(shard);
        const manifest =
          base === undefined
            ? undefined
            : await unlessUnreadable(repository.catalogue.readShardManifest(base, { signal }));
        const chunks = await planChunks(
          reader,
          target,
          {
            base: manifest,
            globalCheckpoint: state.globalCheckpoint,
            maxBytes: Math.max(CHUNK_BYTES, Math.ceil(shard.plan.bytes / MAX_CHUNKS)),
          },
          signal,
        );
        return { label: `${shard.index.name}[${shard.shard}]`, chunks };
      }, call.options.retryWindowMs),

    /** Copies one sealed range. Goes on after the segments that an earlier try had noted. */
    copyChunk: (call: ShardJob & { chunk: ChunkPlan }): Promise<ChunkResult> =>
      runActivity<ChunkResult, ChunkCursor>(async (run) => {
        const { signal } = run;
        const { repository, shard, reader } = await openShard(call, signal);
        let cursor = run.resumeFrom ?? { next: call.chunk.from, parts: [], done: NOTHING };
        const counter = new Counter(run, cursor.done);
        let noted = Date.now();
        let unnoted: Segment[] = [];
        const note = async (): Promise<void> => {
          if (unnoted.length === 0) return;
          const part = await keepPart(repository.store, call.uuid, unnoted, {
            compress: repository.write.compress,
            signal,
          });
          cursor = { next: unnoted[unnoted.length - 1].to, parts: [...cursor.parts, part], done: counter.now() };
          run.advance(cursor);
          unnoted = [];
          noted = Date.now();
        };
        const write = writing(repository, call.uuid, shard, counter.add);
        const rest = { from: cursor.next, to: call.chunk.to };
        for await (const segment of copySealed(write, reader, shard.plan.target, rest, signal)) {
          counter.object(segment.objects.length);
          unnoted.push(segment);
          if (Date.now() - noted > NOTE_MS) await note();
        }
        await note();
        return { parts: cursor.parts, ...counter.now() };
      }, call.options.retryWindowMs),

    /** Ends a large shard: one view decides what is live; then its manifest is written. */
    settleShard: (call: ShardJob & { parts: readonly ObjectRef[] }): Promise<ShardResult> =>
      runActivity(async (run) => {
        const { signal } = run;
        const { repository, shard, reader } = await openShard(call, signal);
        const copied = await readParts(repository.store, call.parts, { signal });
        const states = await statesThenRefresh([shard.index.name], signal);
        const write = writing(repository, call.uuid, shard, new Counter(run).add);
        const settle = await settling(repository, reader, shard, states.of(shard), write, signal);
        const entry = await distrusting(settle.base !== undefined || copied.length > 0, (trusted) =>
          settleShard(trusted ? { ...settle, copied } : { ...settle, base: undefined, copied: [] }, signal),
        );
        const [result] = await ofSameHistory([{ ordinal: shard.ordinal, entry }], [shard], signal);
        return result;
      }, call.options.retryWindowMs),
  };
}

/**
 * Runs `settle` trusting what was known of the shard; where that proves wrong, once more, believing only what one view
 * shows.
 */
async function distrusting<T>(hasKnowledge: boolean, settle: (trusted: boolean) => Promise<T>): Promise<T> {
  try {
    return await settle(true);
  } catch (error) {
    if (!hasKnowledge || !isSnapkeepError(error, 'shard_inconsistent')) throw error;
    return settle(false);
  }
}

/**
 * Returns whether the shard has failed for good while the others can go on; the reason then stands in the snapshot's
 * failures. What spoils the repository, or everything, is no fault of a shard.
 */
function isFinal(error: unknown): error is SnapkeepError {
  return isSnapkeepError(error) && !error.retryable && (error.scope === 'shard' || error.scope === 'request');
}

/** Sums progress up for heartbeats. */
class Counter {
  constructor(
    private readonly run: Pick<ActivityRun<never>, 'progress'>,
    private sum: CopyProgress = NOTHING,
  ) {}

  readonly add = (progress: WriteProgress): void => {
    this.sum = {
      documents: this.sum.documents + progress.documents,
      objects: this.sum.objects,
      bytes: this.sum.bytes + progress.storedBytes,
    };
    this.run.progress(this.sum);
  };

  object(count: number): void {
    this.sum = { ...this.sum, objects: this.sum.objects + count };
    this.run.progress(this.sum);
  }

  now(): CopyProgress {
    return this.sum;
  }
}
