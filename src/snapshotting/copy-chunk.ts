/** Copies one sealed range of a large shard, and keeps its finished segments as notes of the job. */
import { type ChunkPlan, type ChunkResult } from '../contracts/jobs/copy';
import { type CopyProgress, NO_PROGRESS } from '../contracts/jobs/job';
import { type ObjectRef } from '../contracts/stored';
import { copySealed } from '../repository/segments/copy-sealed';
import { type WrittenSegment } from '../repository/segments/write-segments';
import { CopyCounter } from './copy-counter';
import { putList } from './job-notes';
import { type ChangedShard } from './job-plan';
import { segmentWriting, type SnapshotCopy } from './shard-copying';

/** Finished segments are noted at this interval, ms: a crash of the worker costs at most the work of one interval. */
const NOTE_MS = 3_000;

/** The part of a chunk that is noted in the bucket; a later attempt goes on behind it. */
export interface ChunkCursor {
  /** First sequence number that is not noted. */
  readonly next: number;
  /** Notes with the segments written so far. */
  readonly parts: readonly ObjectRef[];
  readonly done: CopyProgress;
}

/** The part of a chunk that earlier attempts have done, and the receivers of what this attempt does. */
interface ChunkRun {
  readonly cursor: ChunkCursor | undefined;
  /** Receives the cursor when more segments were noted. */
  readonly onNoted: (cursor: ChunkCursor) => void;
  readonly onProgress: (done: CopyProgress) => void;
}

/**
 * Copies the chunk from the cursor on. Returns the notes that hold its segments, in order. Throws what the cluster and
 * the store throw; segments written since the last note are orphans then.
 */
export async function copyChunk(
  copy: SnapshotCopy,
  shard: ChangedShard,
  chunk: ChunkPlan,
  { cursor, onNoted, onProgress }: ChunkRun,
): Promise<ChunkResult> {
  let noted = cursor ?? { next: chunk.from, parts: [], done: NO_PROGRESS };
  const counter = new CopyCounter(onProgress, noted.done);
  let notedMillis = Date.now();
  let finished: WrittenSegment[] = [];
  const note = async (): Promise<void> => {
    const last = finished.at(-1);
    if (last === undefined) return;
    const part = await noteSegments(copy, finished);
    noted = { next: last.end, parts: [...noted.parts, part], done: counter.now() };
    onNoted(noted);
    finished = [];
    notedMillis = Date.now();
  };
  const rest = { from: noted.next, to: chunk.to };
  const writing = segmentWriting(copy, shard, counter.add);
  for await (const written of copySealed(writing, copy.reader, shard.plan.target, rest, copy.signal)) {
    counter.addObjects(written.segment.objects.length);
    finished.push(written);
    if (Date.now() - notedMillis > NOTE_MS) await note();
  }
  await note();
  return { parts: noted.parts, ...counter.now() };
}

function noteSegments(
  { repository, uuid, signal }: SnapshotCopy,
  written: readonly WrittenSegment[],
): Promise<ObjectRef> {
  const { store, write } = repository;
  const segments = written.map(({ segment }) => segment);
  return putList(store, uuid, 'segments', segments, { compress: write.compress, signal });
}
