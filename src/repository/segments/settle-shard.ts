import {
  type DocumentReader,
  type ShardState,
  type ShardTarget,
  type ShardView,
} from '../../cluster/reading/document-reader';
import { SnapkeepError } from '../../contracts/errors';
import { type SeqNoRange } from '../../contracts/seq-no';
import { type ShardEntry } from '../../contracts/stored';
import { type Catalogue } from '../catalogue/catalogue';
import { FORMAT_VERSION, type Segment, type ShardIdentity, type ShardManifest } from '../format/format';
import { shardManifestName, writerOf } from '../format/keys';
import { putMetadata } from '../format/metadata';
import { decodeRuns, encodeRuns } from '../format/number-runs';
import { shardTotals } from '../format/shard-totals';
import { includesAll, without } from './ascending-numbers';
import { isUsableBase, sharedEntry } from './base-reuse';
import { planRewrites } from './plan-segments';
import { proveHistory } from './prove-history';
import { type Known, overlaps, shardRanges } from './shard-ranges';
import { type SegmentWriting, writeSegments } from './write-segments';

/** Describes a shard to {@link settleShard}. */
export interface SettleShard {
  readonly catalogue: Catalogue;
  readonly writing: SegmentWriting;
  readonly compress: boolean;
  readonly reader: DocumentReader;
  readonly target: ShardTarget;
  readonly identity: ShardIdentity;
  /** The state of the shard before the index was refreshed; the refresh must have ended. */
  readonly state: ShardState;
  /** What the newest snapshot that holds the shard has of it; ignored if identity or history differ. */
  readonly base?: { readonly entry: ShardEntry; readonly manifest: ShardManifest };
  /**
   * True if base and copied segments come from another session than `state`: each must then be proven to be of the
   * present history of the shard. Ranges that can't be proven are read again.
   */
  readonly prove?: boolean;
  /** Sealed segments that were copied for this snapshot; they replace the segments of the base that they overlap. */
  readonly copied: readonly Segment[];
  /** Ranges of the base to read again although nothing was copied for them. */
  readonly reread?: readonly SeqNoRange[];
  readonly startMillis: number;
  /** Called when all documents are stored, before the shard manifest is written. */
  readonly onWritten?: () => void;
}

/**
 * Completes the snapshot of one shard. One view decides which documents are live. Ranges that base and copied segments
 * cover are counted, and deleted documents recorded; everything else is read and written. Then the shard manifest is
 * written.
 *
 * Reads no document if counts agree and nothing is new. Writes nothing if nothing changed at all: the base's manifest
 * is shared. Can be repeated, because it writes under keys of its own attempt.
 *
 * Throws `shard_inconsistent` if a range shows more documents than it may, or others than were counted: settle without
 * the base then. After `view_lost` and other transient failures settle again, with the same copied segments. Other
 * errors are those of {@link writeSegments}.
 */
export async function settleShard(settle: SettleShard, signal?: AbortSignal): Promise<ShardEntry> {
  const { catalogue, writing, reader, target, identity, state, startMillis } = settle;
  const base =
    settle.base !== undefined && isUsableBase(settle.base.manifest, state, identity) ? settle.base : undefined;
  const reread = settle.reread ?? [];
  const { known, read } = shardRanges(base?.manifest, settle.copied, reread, state.globalCheckpoint);
  const sealedThrough = read.at(-1)!.from - 1;

  let segments: Segment[] = [];
  let maxSeqNo = state.maxSeqNo;
  let unproven: readonly SeqNoRange[] = [];
  // A shard that never received an operation holds nothing to search.
  if (state.maxSeqNo !== -1 || state.documents > 0) {
    const view = await reader.openView(target, { known, read }, signal);
    try {
      // While the view is open, because the view ends with the process that it belongs to.
      if (settle.prove === true) ({ unproven } = await proveHistory(reader, target, known, signal));
      if (unproven.length === 0) {
        maxSeqNo = Math.max(maxSeqNo, view.maxSeqNo);
        const kept = await settleKnown(settle, view, known, signal);
        segments = [...kept, ...(await readRest(settle, view, read, signal))].sort((a, b) => a.from - b.from);
      }
    } finally {
      await view.close();
    }
  }
  if (unproven.length > 0) {
    const copied = settle.copied.filter((segment) => !unproven.some((range) => overlaps(range, segment)));
    return settleShard({ ...settle, copied, reread: [...reread, ...unproven] }, signal);
  }

  settle.onWritten?.();
  if (base !== undefined && sameManifest(base.manifest, segments, maxSeqNo, sealedThrough)) {
    return { ...sharedEntry(base.entry, startMillis, state.session), millis: Date.now() - startMillis };
  }
  const manifest: ShardManifest = { format: FORMAT_VERSION, identity, maxSeqNo, sealedThrough, segments };
  const name = shardManifestName(writing.place, writing.attempt);
  const ref = await putMetadata(writing.store, name, manifest, { compress: settle.compress, signal });
  catalogue.remember(ref, manifest);
  const own = writing.place.snapshotUuid;
  const shares = segments.some(({ objects }) => objects.some(({ key }) => writerOf(key) !== own));
  return {
    manifest: ref,
    ...(shares && base !== undefined ? { base: base.entry.manifest.key } : {}),
    historyUuid: identity.historyUuid,
    maxSeqNo,
    sealedThrough,
    ...(state.session === undefined ? {} : { session: state.session }),
    totals: shardTotals(manifest, own),
    startMillis,
    millis: Date.now() - startMillis,
  };
}

/**
 * Copies a shard that has little to read, in one step: settles it as {@link settleShard} does, and rewrites segments of
 * the base that are too many or too empty.
 */
export async function copySmallShard(
  shard: Omit<SettleShard, 'copied' | 'reread'>,
  signal?: AbortSignal,
): Promise<ShardEntry> {
  const sealed = shard.base?.manifest.segments.filter((segment) => segment.sealed) ?? [];
  const reread = planRewrites(sealed).map(({ first, last }) => ({ from: sealed[first]!.from, to: sealed[last]!.to }));
  return settleShard({ ...shard, copied: [], reread }, signal);
}

/** Returns the segments of known ranges that still hold live documents, with deleted ones recorded. */
async function settleKnown(
  settle: SettleShard,
  view: ShardView,
  known: readonly Known[],
  signal: AbortSignal | undefined,
): Promise<Segment[]> {
  const kept: Segment[] = [];
  for (const [k, { from, to, live, segment }] of known.entries()) {
    const count = view.counts[k]!;
    if (count > live) {
      throw inconsistent(
        settle,
        `[${from}, ${to}) shows ${count} documents where at most ${live} can be: ranges at or below the global checkpoint never grow`,
      );
    }
    if (segment === undefined || count === 0) continue;
    kept.push(
      count === live ? segment : await shrink(settle, segment, count, (before) => view.seqNos(k, before, signal)),
    );
  }
  return kept;
}

/** Records which documents of a segment were deleted. */
async function shrink(
  settle: SettleShard,
  segment: Segment,
  count: number,
  readSeqNos: (before: Float64Array) => Promise<Float64Array>,
): Promise<Segment> {
  const { from, to, stored } = segment;
  const all = decodeRuns(segment.seqNos, stored);
  const before = without(all, decodeRuns(segment.deleted, stored - segment.live));
  const live = await readSeqNos(before);
  if (live.length !== count) {
    throw inconsistent(settle, `[${from}, ${to}) shows ${live.length} sequence numbers where ${count} were counted`);
  }
  if (!includesAll(before, live)) {
    throw inconsistent(
      settle,
      `[${from}, ${to}) shows documents that were not there before: ranges at or below the global checkpoint never grow`,
    );
  }
  return { ...segment, deleted: encodeRuns(without(all, live)), live: count };
}

/** Reads and writes the ranges that are not known. */
async function readRest(
  settle: SettleShard,
  view: ShardView,
  read: readonly (SeqNoRange & { readonly sealed: boolean })[],
  signal: AbortSignal | undefined,
): Promise<Segment[]> {
  const written: Segment[] = [];
  for (const [r, range] of read.entries()) {
    if (view.readCounts[r] === 0) continue;
    let documents = 0;
    for await (const segment of writeSegments(settle.writing, view.documents(r, signal), range, signal)) {
      documents += segment.stored;
      if (segment.stored > 0) written.push(segment);
    }
    if (documents !== view.readCounts[r]) {
      throw inconsistent(
        settle,
        `[${range.from}, ${range.to}) returned ${documents} documents where ${view.readCounts[r]} were counted`,
      );
    }
  }
  return written;
}

function sameManifest(
  base: ShardManifest,
  segments: readonly Segment[],
  maxSeqNo: number,
  sealedThrough: number,
): boolean {
  return (
    base.maxSeqNo === maxSeqNo &&
    base.sealedThrough === sealedThrough &&
    base.segments.length === segments.length &&
    segments.every((segment, i) => segment === base.segments[i])
  );
}

function inconsistent({ target }: SettleShard, what: string): SnapkeepError {
  return new SnapkeepError('shard_inconsistent', `shard [${target.index}][${target.shard}]: sequence numbers ${what}`);
}
