import { type DocumentReader, type ShardTarget } from '../../cluster/reading/document-reader';
import { type SeqNoRange } from '../../contracts/seq-no';
import { type Segment } from '../format/format';
import { type SegmentWriting, writeSegments } from './write-segments';

/**
 * Copies a sealed range of a shard without a view, and yields each segment once it is stored. The segments cover the
 * range in order. So after an attempt that ended early, the next one continues from the `to` of the last segment
 * yielded.
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
): AsyncGenerator<Segment, void, undefined> {
  return writeSegments(writing, reader.readSealed(target, range, signal), { ...range, sealed: true }, signal);
}
