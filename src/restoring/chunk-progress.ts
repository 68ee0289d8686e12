/** Keeps how far the restore of one chunk is: the cursor that a retry goes on from, and the sums that are shown. */
import { type WriteConflicts } from '../cluster/writing/bulk-writer';
import { bounded, MAX_LISTED } from '../contracts/jobs/bounded';
import { type CopyProgress, NO_PROGRESS } from '../contracts/jobs/job';
import { type RestoredChunk } from '../contracts/jobs/restore';
import { type Segment } from '../repository/format/format';
import { bytesOf } from '../repository/objects/list-objects';

/** The part of a chunk that the cluster has acknowledged. */
export interface RestoreCursor {
  /** The first segment of the chunk that may not be written yet. */
  readonly segment: number;
  readonly done: CopyProgress;
  /** Bytes of `_bulk` bodies that the cluster has taken up to this segment. */
  readonly takenBytes: number;
  /** Bytes of `_bulk` bodies that the cluster has taken in the attempt that got furthest. */
  readonly furthestBytes: number;
  readonly conflicts: WriteConflicts;
}

/** Receivers of the progress of a chunk. */
export interface ChunkReceivers {
  /** Receives the cursor when the attempt got further than all before it. */
  readonly onAdvance: (cursor: RestoreCursor) => void;
  /** Receives the sums of this attempt, which may be work done again. */
  readonly onShow: (done: CopyProgress) => void;
}

/** The cursor moves at this interval, ms: a crash of the worker repeats at most the work of one interval. */
const CURSOR_MS = 3_000;

const START: RestoreCursor = {
  segment: 0,
  done: NO_PROGRESS,
  takenBytes: 0,
  furthestBytes: 0,
  conflicts: { total: 0, ids: [] },
};

/** The progress of one attempt to restore a chunk. */
export class ChunkProgress {
  private cursor: RestoreCursor;
  private done: CopyProgress;
  private conflicts: WriteConflicts;
  private takenBytes: number;
  private movedMillis = Date.now();

  /** @param segments all segments of the chunk. */
  constructor(
    private readonly segments: readonly Segment[],
    resumeFrom: RestoreCursor | undefined,
    private readonly receivers: ChunkReceivers,
  ) {
    this.cursor = resumeFrom ?? START;
    ({ done: this.done, conflicts: this.conflicts, takenBytes: this.takenBytes } = this.cursor);
  }

  /** The segment that the attempt begins with, and then the last one that the cursor moved to. */
  get segment(): number {
    return this.cursor.segment;
  }

  readonly onConflict = ({ total, ids }: WriteConflicts): void => {
    this.conflicts = {
      total: this.conflicts.total + total,
      ids: [...this.conflicts.ids, ...ids].slice(0, MAX_LISTED),
    };
  };

  /** Bytes that an earlier attempt had written already are no progress: the retry window goes on. */
  readonly onWritten = (bytes: number): void => {
    this.takenBytes += bytes;
    if (this.takenBytes <= this.cursor.furthestBytes) return;
    this.advance({ furthestBytes: this.takenBytes });
  };

  readonly onRead = (bytes: number): void => {
    this.done = { ...this.done, objects: this.done.objects + 1, bytes: this.done.bytes + bytes };
  };

  /** Returns whether it is time to move the cursor to a segment. */
  isDue(segment: number): boolean {
    return segment !== this.cursor.segment && Date.now() - this.movedMillis > CURSOR_MS;
  }

  /** Moves the cursor. The cluster must have acknowledged everything before the segment: a retry skips it. */
  moveTo(segment: number): void {
    this.movedMillis = Date.now();
    const { takenBytes, conflicts } = this;
    this.advance({ segment, done: countOf(this.segments.slice(0, segment)), takenBytes, conflicts });
  }

  wrote(documents: number): void {
    this.done = { ...this.done, documents: this.done.documents + documents };
    this.receivers.onShow(this.done);
  }

  result(): RestoredChunk {
    const { total, ids } = this.conflicts;
    return { ...this.done, conflicts: { ...bounded(ids), total } };
  }

  private advance(change: Partial<RestoreCursor>): void {
    this.cursor = { ...this.cursor, ...change };
    this.receivers.onAdvance(this.cursor);
  }
}

/** Sums the segments before a cursor. Objects read ahead of it do not count, because a retry reads them again. */
function countOf(segments: readonly Segment[]): CopyProgress {
  return {
    documents: segments.reduce((sum, segment) => sum + segment.live, 0),
    objects: segments.reduce((sum, segment) => sum + segment.objects.length, 0),
    bytes: segments.reduce((sum, segment) => sum + bytesOf(segment.objects), 0),
  };
}
