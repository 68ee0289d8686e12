/** Keeps how far the restore of one chunk is: the cursor that a retry goes on from, and the sums that are shown. */
import { type BodyReceivers, type WriteConflicts } from '../cluster/writing/bulk-writer';
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

const NO_CONFLICTS: WriteConflicts = { total: 0, ids: [] };

const START: RestoreCursor = {
  segment: 0,
  done: NO_PROGRESS,
  takenBytes: 0,
  furthestBytes: 0,
  conflicts: NO_CONFLICTS,
};

/** What this attempt has sent of one segment. */
interface SentSegment {
  sentBytes: number;
  takenBytes: number;
  conflicts: WriteConflicts;
}

/** The progress of one attempt to restore a chunk. */
export class ChunkProgress {
  private cursor: RestoreCursor;
  private done: CopyProgress;
  private takenBytes: number;
  private movedMillis = Date.now();
  private readonly sent: readonly SentSegment[];

  /** @param segments all segments of the chunk. */
  constructor(
    private readonly segments: readonly Segment[],
    resumeFrom: RestoreCursor | undefined,
    private readonly receivers: ChunkReceivers,
  ) {
    this.cursor = resumeFrom ?? START;
    ({ done: this.done, takenBytes: this.takenBytes } = this.cursor);
    this.sent = segments.map(() => ({ sentBytes: 0, takenBytes: 0, conflicts: NO_CONFLICTS }));
  }

  /** The segment that the attempt begins with, and then the last one that the cursor moved to. */
  get segment(): number {
    return this.cursor.segment;
  }

  /** Records that a body of a segment is sent. Returns what has to be told when the cluster answers. */
  sending(segment: number, bytes: number): BodyReceivers {
    const sent = this.sent[segment]!;
    sent.sentBytes += bytes;
    return {
      onWritten: (taken) => {
        sent.takenBytes += taken;
        this.taken(taken);
      },
      onConflict: (conflicts) => {
        sent.conflicts = sumOf([sent.conflicts, conflicts]);
      },
    };
  }

  readonly onRead = (bytes: number): void => {
    this.done = { ...this.done, objects: this.done.objects + 1, bytes: this.done.bytes + bytes };
  };

  /**
   * Moves the cursor from time to time, at most to `reached`, the segment that is being sent: to the first segment of
   * which the cluster has not acknowledged everything, because a retry skips all before it.
   */
  move(reached: number): void {
    if (Date.now() - this.movedMillis <= CURSOR_MS) return;
    const rest = this.sent.slice(this.segment, reached);
    const open = rest.findIndex(({ sentBytes, takenBytes }) => takenBytes < sentBytes);
    const whole = open === -1 ? rest : rest.slice(0, open);
    if (whole.length === 0) return;
    this.movedMillis = Date.now();
    const segment = this.segment + whole.length;
    this.advance({
      segment,
      done: countOf(this.segments.slice(0, segment)),
      takenBytes: this.cursor.takenBytes + whole.reduce((sum, { takenBytes }) => sum + takenBytes, 0),
      conflicts: sumOf([this.cursor.conflicts, ...whole.map(({ conflicts }) => conflicts)]),
    });
  }

  wrote(documents: number): void {
    this.done = { ...this.done, documents: this.done.documents + documents };
    this.receivers.onShow(this.done);
  }

  result(): RestoredChunk {
    const open = this.sent.slice(this.segment).map(({ conflicts }) => conflicts);
    const { total, ids } = sumOf([this.cursor.conflicts, ...open]);
    return { ...this.done, conflicts: { ...bounded(ids), total } };
  }

  /** Bytes that an earlier attempt had written already are no progress: the retry window goes on. */
  private taken(bytes: number): void {
    this.takenBytes += bytes;
    if (this.takenBytes > this.cursor.furthestBytes) this.advance({ furthestBytes: this.takenBytes });
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

function sumOf(conflicts: readonly WriteConflicts[]): WriteConflicts {
  return {
    total: conflicts.reduce((sum, { total }) => sum + total, 0),
    ids: conflicts.flatMap(({ ids }) => ids).slice(0, MAX_LISTED),
  };
}
