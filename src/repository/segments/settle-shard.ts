import {
  type DocumentReader,
  type LastingView,
  type ShardState,
  type ShardTarget,
  type ShardView,
} from '../../cluster/reading/document-reader';
import { SnapkeepError } from '../../contracts/errors';
import { type SeqNoRange } from '../../contracts/seq-no';
import { type ShardEntry, type TimeSpan } from '../../contracts/stored';
import { type Catalogue } from '../catalogue/catalogue';
import { FORMAT_VERSION, type Segment, type ShardIdentity, type ShardManifest } from '../format/format';
import { shardManifestName, writerOf } from '../format/keys';
import { putMetadata } from '../format/metadata';
import { shardTotals } from '../format/shard-totals';
import { isUsableBase, sharedEntry } from './base-reuse';
import { keepKnown } from './keep-known';
import { planRewrites } from './plan-segments';
import { proveHistory } from './prove-history';
import { SegmentNumbers } from './segment-numbers';
import { type Copied, NOTHING_COPIED, shardRanges } from './shard-ranges';
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
  /** What was copied for this snapshot; it replaces the base where it covers. */
  readonly copied: Copied;
  /** Ranges to read again although they are known. */
  readonly reread?: readonly SeqNoRange[];
  /** The view to settle in, opened after the refresh; it is closed. Unset: the call opens one. */
  readonly view?: LastingView;
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
  const ranges = shardRanges(base?.manifest, settle.copied, reread, state.globalCheckpoint);
  const { known, read } = ranges;
  const sealedThrough = read.at(-1)!.from - 1;
  const numbers = new SegmentNumbers(catalogue.store, { signal });

  let segments: readonly Segment[] = [];
  let maxSeqNo = state.maxSeqNo;
  let again: readonly SeqNoRange[] = [];
  let shown: TimeSpan | undefined;
  // A shard that never received an operation holds nothing to search.
  if (state.maxSeqNo !== -1 || state.documents > 0 || settle.view !== undefined) {
    const fromMillis = Date.now();
    const view = await reader.openView(target, { known, read }, signal, settle.view);
    shown = settle.view ?? { fromMillis, toMillis: Date.now() };
    try {
      // While the view is open, because the view ends with the process that it belongs to.
      if (settle.prove === true) {
        ({ unproven: again } = await proveHistory(reader, target, known, numbers, signal));
      }
      if (again.length === 0) {
        maxSeqNo = Math.max(maxSeqNo, view.maxSeqNo);
        ({ segments, unclear: again } = await keepKnown({ target, view, numbers, ...ranges }, signal));
      }
      if (again.length === 0) segments = [...segments, ...(await readRest(settle, view, read, signal))];
    } finally {
      await view.close();
    }
  }
  if (again.length > 0) return settleShard({ ...settle, reread: [...reread, ...again], view: undefined }, signal);
  // Sealed segments have the lower numbers.
  segments = segments.toSorted((a, b) => a.from - b.from);

  settle.onWritten?.();
  const seen = shown && { shown: { fromMillis: shown.fromMillis, toMillis: shown.toMillis } };
  if (base !== undefined && sameManifest(base.manifest, segments, maxSeqNo, sealedThrough)) {
    return { ...sharedEntry(base.entry, startMillis, state.session), ...seen, millis: Date.now() - startMillis };
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
    ...(target.sharesNumbers === true ? { sharesNumbers: true } : {}),
    ...seen,
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
  return settleShard({ ...shard, copied: NOTHING_COPIED, reread: planRewrites(sealed) }, signal);
}

/** Reads and writes the ranges that are not known. */
async function readRest(
  settle: SettleShard,
  view: ShardView,
  read: readonly (SeqNoRange & { readonly sealed: boolean })[],
  signal: AbortSignal | undefined,
): Promise<Segment[]> {
  const written: Segment[] = [];
  const repeats = settle.target.sharesNumbers;
  for (const [r, range] of read.entries()) {
    if (view.readCounts[r] === 0) continue;
    let documents = 0;
    const pages = view.documents(r, signal);
    for await (const { segment } of writeSegments(settle.writing, pages, { ...range, repeats }, signal)) {
      documents += segment.stored;
      written.push(segment);
    }
    if (documents !== view.readCounts[r]) {
      throw new SnapkeepError(
        'shard_inconsistent',
        `shard [${settle.target.index}][${settle.target.shard}]: sequence numbers [${range.from}, ${range.to}) returned ${documents} documents where ${view.readCounts[r]} were counted`,
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
