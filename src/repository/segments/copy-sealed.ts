import { type DocumentReader, type ShardTarget } from '../../cluster/reading/document-reader';
import { type SeqNoRange } from '../../contracts/seq-no';
import { type Segment } from '../format/format';
import { type SegmentWriting, writeSegments } from './write-segments';

/**
 * Copies a sealed range of a shard, without a view: yields each segment once it is stored. The segments cover the range, in order,
 * so a try that ended early goes on from the `to` of the last segment that was yielded, under a new attempt.
 *
 * What is read is at least what any later view shows of the range, since sealed ranges only shrink; `settleShard` finds
 * out what died meanwhile. The range must lie at or below a global checkpoint that was read before the index was
 * refreshed. Memory, overlap and errors are those of {@link writeSegments}, plus what the reader throws.
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
