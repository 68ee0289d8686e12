/** Cuts the documents that a large shard has to read before it is settled into chunks. */
import { type DocumentReader, type ShardTarget } from '../cluster/reading/document-reader';
import { type ChunkPlan, type ShardPlan } from '../contracts/jobs/copy';
import { type SeqNoRange } from '../contracts/seq-no';
import { type ObjectRef } from '../contracts/stored';
import { type Segment, type ShardManifest } from '../repository/format/format';
import { NumberSet } from '../repository/segments/number-set';
import { planRewrites } from '../repository/segments/plan-segments';
import { SegmentNumbers } from '../repository/segments/segment-numbers';
import { stretchesOf } from '../repository/segments/shard-ranges';
import { putNumbers, readLists } from './job-notes';
import { type ChangedShard } from './job-plan';
import { readBase, type SnapshotCopy } from './shard-copying';
import { statesThenRefresh } from './states-at-copy';

/** Bytes of documents that one chunk aims at. */
const CHUNK_BYTES = 128 * 1024 * 1024;
/** Document order pays from one new document in so many on, because the whole shard is listed for them. */
const LEAST_SHARE = 4;

/**
 * Plans the chunks of a large shard, about `mostChunks` at most. Opens a view if documents are to be copied in document
 * order; the caller closes it. Throws what the cluster and the store throw.
 *
 * @param options.parts notes with the segments that were copied from a view that was lost. Only what was to be read in
 *   document order is planned again then, without the documents that are stored.
 */
export async function planShard(
  copy: SnapshotCopy,
  shard: ChangedShard,
  { parts, mostChunks }: { readonly parts: readonly ObjectRef[]; readonly mostChunks: number },
): Promise<ShardPlan> {
  const { reader, signal } = copy;
  const { target } = shard.plan;
  const { name } = shard.index;
  const label = `${name}[${shard.shard}]`;
  const { globalCheckpoint, documents } = (await statesThenRefresh(copy.cluster, [name], signal)).of(shard);
  const base = await readBase(copy, shard);
  const maxBytes = Math.max(CHUNK_BYTES, Math.ceil(shard.plan.bytes / mostChunks));
  const cut = { base, globalCheckpoint, maxBytes };
  const numbers = newNumbers(base, globalCheckpoint);
  const isMuch = shard.plan.documents * LEAST_SHARE >= documents && numbers.to > numbers.from;
  // A stored number does not say that all its documents are stored, where several share it.
  const goesOn = parts.length > 0 && target.sharesNumbers !== true;
  const always = goesOn || target.sharesNumbers === true;
  const opened = isMuch || goesOn ? await reader.openOrdered(target, numbers, signal, { always }) : undefined;
  if (opened === undefined) {
    const anew = parts.length > 0 ? { anew: true as const } : {};
    // Shared numbers can't be read by ranges: the whole shard is read when it is settled.
    const chunks = target.sharesNumbers === true ? NO_CHUNKS : await planChunks(reader, target, cut, signal);
    return { label, ...chunks, ...anew };
  }
  try {
    const { view, end } = opened;
    const chunks = orderedChunks(end, target, maxBytes);
    if (goesOn) {
      const stored = await storedNumbers(copy, parts);
      return { label, chunks, covers: [numbers], ordered: { view: view.id, numbers, stored } };
    }
    const rewritten = await planRewritten(reader, target, cut, signal);
    return {
      label,
      chunks: [...rewritten.chunks, ...chunks],
      covers: [...rewritten.covers, numbers],
      ordered: { view: view.id, numbers },
      ...(parts.length > 0 ? { anew: true } : {}),
    };
  } catch (error) {
    await reader.closeLasting(opened.view);
    throw error;
  }
}

/** Chunks, and the ranges of sequence numbers that they copy completely. */
type Chunks = Pick<ShardPlan, 'chunks' | 'covers'>;

const NO_CHUNKS: Chunks = { chunks: [], covers: [] };

/** What decides which documents are read. */
interface Cut {
  readonly base?: ShardManifest;
  readonly globalCheckpoint: number;
  /** Bytes of documents of one chunk. */
  readonly maxBytes: number;
}

/**
 * Cuts into chunks of about `maxBytes` what was sealed since the base, and what of the base is worth writing again. The
 * shard must have been refreshed after `globalCheckpoint` was read.
 */
export async function planChunks(
  reader: DocumentReader,
  target: ShardTarget,
  { base, globalCheckpoint, maxBytes }: Cut,
  signal?: AbortSignal,
): Promise<Chunks> {
  const rewritten = await planRewritten(reader, target, { base, maxBytes }, signal);
  const numbers = newNumbers(base, globalCheckpoint);
  const added = await divide(reader, target, numbers.to > numbers.from ? [numbers] : [], maxBytes, signal);
  return { chunks: [...rewritten.chunks, ...added.chunks], covers: [...rewritten.covers, ...added.covers] };
}

/** Returns the sequence numbers that were sealed since the base. */
function newNumbers(base: ShardManifest | undefined, globalCheckpoint: number): SeqNoRange {
  const from = (base?.sealedThrough ?? -1) + 1;
  return { from, to: Math.max(from, globalCheckpoint + 1) };
}

/** Cuts what of the base is worth writing again. */
async function planRewritten(
  reader: DocumentReader,
  target: ShardTarget,
  { base, maxBytes }: Pick<Cut, 'base' | 'maxBytes'>,
  signal: AbortSignal | undefined,
): Promise<Chunks> {
  if (base === undefined) return NO_CHUNKS;
  const sealed = base.segments.filter((segment) => segment.sealed);
  const counts = await reader.count(target, stretchesOf(sealed), signal);
  return divide(reader, target, planRewrites(sealed, counts), maxBytes, signal);
}

async function divide(
  reader: DocumentReader,
  target: ShardTarget,
  ranges: readonly SeqNoRange[],
  maxBytes: number,
  signal: AbortSignal | undefined,
): Promise<Chunks> {
  const chunks: ChunkPlan[] = [];
  for (const range of ranges) {
    for (const part of await reader.divide(target, range, maxBytes, signal)) {
      if (part.live > 0) chunks.push({ from: part.from, to: part.to, documents: part.live });
    }
  }
  return { chunks, covers: ranges };
}

/** Cuts the document numbers `[0, end)` of a view. */
function orderedChunks(end: number, { bytesPerDocument }: ShardTarget, maxBytes: number): ChunkPlan[] {
  const step = Math.max(1, Math.floor(maxBytes / Math.max(1, bytesPerDocument)));
  const chunks: ChunkPlan[] = [];
  for (let from = 0; from < end; from += step) {
    const to = Math.min(end, from + step);
    chunks.push({ from, to, documents: to - from, ordered: true });
  }
  return chunks;
}

/** Notes which numbers the segments of some notes hold. */
async function storedNumbers(copy: SnapshotCopy, parts: readonly ObjectRef[]): Promise<ObjectRef> {
  const { repository, signal, uuid } = copy;
  const { store, write } = repository;
  const set = new NumberSet();
  const segments: readonly Segment[] = await readLists(store, 'segments', parts, { signal });
  for (const segment of segments) set.add(await new SegmentNumbers(store, { signal }).live(segment));
  return putNumbers(store, uuid, set, { compress: write.compress, signal });
}
