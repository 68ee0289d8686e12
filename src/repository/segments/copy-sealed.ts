import {
  type DocumentReader,
  type LastingView,
  type OrderedRequest,
  type ShardTarget,
} from '../../cluster/reading/document-reader';
import { type SeqNoRange } from '../../contracts/seq-no';
import { type SegmentWriting, writeSegments, type WrittenSegment } from './write-segments';

/**
 * Copies a sealed range of a shard without a view, and yields each segment once it is stored, ascending. So after an
 * attempt that ended early, the next one continues from the `end` of the last segment yielded.
 *
 * The copy holds at least the documents that any later view shows of the range, because sealed ranges only shrink.
 * `settleShard` finds the documents that were deleted in between. The range must lie at or below a global checkpoint
 * that was read before the index was refreshed. Memory, overlap and errors are those of {@link writeSegments}, plus the
 * errors of the reader.
 */
export function copySealed(
  writing: SegmentWriting,
  reader: DocumentReader,
  target: ShardTarget,
  range: SeqNoRange,
  signal?: AbortSignal,
): AsyncGenerator<WrittenSegment, void, undefined> {
  return writeSegments(writing, reader.readSealed(target, range, signal), { ...range, sealed: true }, signal);
}

/**
 * Copies the sealed documents of a lasting view in document order, and yields each segment once it is stored. The
 * segments overlap. After an attempt that ended early, the next one continues from the `end` of the last one yielded.
 *
 * All documents of the shard with the requested numbers are copied once the whole of the view was requested: what a
 * later view shows of them was in this one. Memory and errors are those of {@link copySealed}; throws `view_lost` when
 * the cluster has lost the view.
 */
export function copyOrdered(
  writing: SegmentWriting,
  reader: DocumentReader,
  target: ShardTarget,
  view: Pick<LastingView, 'id'>,
  request: OrderedRequest,
  signal?: AbortSignal,
): AsyncGenerator<WrittenSegment, void, undefined> {
  const range = { ...request.numbers, sealed: true, repeats: target.sharesNumbers };
  return writeSegments(writing, reader.readOrdered(target, view, request, signal), range, signal);
}
