/** Copies one sealed range of a large shard, and keeps its finished segments as notes of the job. */
import { isSnapkeepError } from '../contracts/errors';
import { type ChunkPlan, type ChunkResult, type OrderedCopy } from '../contracts/jobs/copy';
import { type CopyProgress, NO_PROGRESS } from '../contracts/jobs/job';
import { type ObjectRef } from '../contracts/stored';
import { copyOrdered, copySealed } from '../repository/segments/copy-sealed';
import { type SegmentWriting, type WrittenSegment } from '../repository/segments/write-segments';
import { CopyCounter } from './copy-counter';
import { putList, readLists } from './job-notes';
import { type ChangedShard } from './job-plan';
import { segmentWriting, type SnapshotCopy } from './shard-copying';

/** Finished segments are noted at this interval, ms: a crash of the worker costs at most the work of one interval. */
const NOTE_MS = 3_000;

/** The part of a chunk that is noted in the bucket; a later attempt goes on behind it. */
export interface ChunkCursor {
  /** First sequence number, or document number, that is not noted. */
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
 * Copies the chunk from the cursor on. Returns the note that lists its segments, in order. A chunk in document order
 * ends early when the cluster has lost the view, and any chunk whose documents contradict what was known. Throws what
 * the cluster and the store throw; segments written since the last note are orphans then.
 */
export async function copyChunk(
  copy: SnapshotCopy,
  shard: ChangedShard,
  chunk: ChunkPlan,
  ordered: OrderedCopy | undefined,
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
  const rest = { ...chunk, from: noted.next };
  const writing = segmentWriting(copy, shard, counter.add);
  let viewLost = false;
  try {
    for await (const written of await copying(copy, shard, writing, rest, ordered)) {
      counter.addObjects(written.segment.objects.length);
      finished.push(written);
      if (Date.now() - notedMillis > NOTE_MS) await note();
    }
  } catch (error) {
    if (isSnapkeepError(error, 'shard_inconsistent')) return { parts: [], ...NO_PROGRESS, inconsistent: true };
    // What was stored stays good: the rest is planned again, in another view.
    if (!isSnapkeepError(error, 'view_lost') || ordered === undefined) throw error;
    viewLost = true;
  }
  await note();
  return { parts: await joined(copy, noted.parts), ...counter.now(), ...(viewLost ? { viewLost } : {}) };
}

/** Returns the segments of a chunk as they are written. */
async function copying(
  { reader, repository: { store }, notes, signal }: SnapshotCopy,
  { plan: { target } }: ChangedShard,
  writing: SegmentWriting,
  chunk: ChunkPlan,
  ordered: OrderedCopy | undefined,
): Promise<AsyncIterable<WrittenSegment>> {
  if (chunk.ordered === undefined || ordered === undefined) return copySealed(writing, reader, target, chunk, signal);
  const { view, numbers, stored } = ordered;
  const set = stored === undefined ? undefined : await notes.numbers(store, stored, signal);
  const skip = set === undefined ? undefined : (seqNo: number): boolean => set.has(seqNo);
  return copyOrdered(writing, reader, target, { id: view }, { from: chunk.from, to: chunk.to, numbers, skip }, signal);
}

/** Joins notes, because each is a reference in the histories of the workflows: a slow chunk leaves many. */
async function joined(
  { repository: { store, write }, uuid, signal }: SnapshotCopy,
  parts: readonly ObjectRef[],
): Promise<readonly ObjectRef[]> {
  if (parts.length <= 1) return parts;
  const segments = await readLists(store, 'segments', parts, { signal });
  return [await putList(store, uuid, 'segments', segments, { compress: write.compress, signal })];
}

function noteSegments(
  { repository, uuid, signal }: SnapshotCopy,
  written: readonly WrittenSegment[],
): Promise<ObjectRef> {
  const { store, write } = repository;
  const segments = written.map(({ segment }) => segment);
  return putList(store, uuid, 'segments', segments, { compress: write.compress, signal });
}
