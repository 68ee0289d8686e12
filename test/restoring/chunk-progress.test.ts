import { type Segment } from '../../src/repository/format/format';
import { ChunkProgress, type RestoreCursor } from '../../src/restoring/chunk-progress';

/** The cursor of a chunk: a retry skips what it has passed, so the cluster must have acknowledged all of that. */

const segments = Array.from(
  { length: 4 },
  (_, i) => ({ live: 10 + i, objects: [{ key: `${i}`, length: 100, sha256: '' }] }) as unknown as Segment,
);

describe('the progress of a chunk', () => {
  let cursors: RestoreCursor[];
  beforeEach(() => {
    cursors = [];
    jest.useFakeTimers();
  });
  afterEach(() => jest.useRealTimers());
  const progressFrom = (resumeFrom?: RestoreCursor): ChunkProgress =>
    new ChunkProgress(segments, resumeFrom, { onAdvance: (cursor) => cursors.push(cursor), onShow: () => {} });
  const later = (): void => {
    jest.advanceTimersByTime(10_000);
  };

  it('moves the cursor to the first segment that is not acknowledged, without waiting for it', () => {
    const progress = progressFrom();
    const first = progress.sending(0, 100);
    const second = progress.sending(1, 50);
    const third = progress.sending(2, 70);
    first.onWritten!(60);
    third.onWritten!(70);
    third.onConflict!({ total: 3, ids: ['c'] });
    later();
    progress.move(3);
    expect(progress.segment).toBe(0);
    first.onConflict!({ total: 1, ids: ['a'] });
    first.onWritten!(40);
    progress.move(3);
    expect(cursors.at(-1)).toMatchObject({ segment: 1, takenBytes: 100, furthestBytes: 170 });
    expect(cursors.at(-1)).toMatchObject({ done: { documents: 10, objects: 1, bytes: 100 } });
    expect(cursors.at(-1)!.conflicts).toEqual({ total: 1, ids: ['a'] });
    second.onWritten!(50);
    progress.move(3);
    expect(progress.segment).toBe(1);
    later();
    progress.move(3);
    expect(cursors.at(-1)).toMatchObject({ segment: 3, takenBytes: 220, conflicts: { total: 4, ids: ['a', 'c'] } });
    expect(progress.result().conflicts).toEqual({ total: 4, first: ['a', 'c'] });
  });

  it('never moves past the segment that is being sent', () => {
    const progress = progressFrom();
    progress.sending(0, 100).onWritten!(100);
    later();
    progress.move(0);
    expect(progress.segment).toBe(0);
  });

  it('counts bytes that an earlier attempt had written as no progress, and its conflicts once', () => {
    const conflicts = { total: 2, ids: ['a', 'b'] };
    const done = { documents: 10, objects: 1, bytes: 100 };
    const progress = progressFrom({ segment: 1, done, takenBytes: 100, furthestBytes: 170, conflicts });
    const again = progress.sending(1, 80);
    again.onWritten!(60);
    expect(cursors).toEqual([]);
    again.onConflict!({ total: 1, ids: ['d'] });
    again.onWritten!(20);
    expect(cursors.map(({ furthestBytes }) => furthestBytes)).toEqual([180]);
    expect(progress.result().conflicts).toEqual({ total: 3, first: ['a', 'b', 'd'] });
  });
});
