import { type ShardProgress } from '../../src/contracts/jobs/copy';
import { type ShardEntry } from '../../src/contracts/stored';
import { later, withHeartbeats } from '../../src/jobs/running/shard-progress';
import { finishedRows, runningRows } from '../../src/jobs/snapshots/shard-rows';
import { statusJson } from '../../src/jobs/snapshots/status-json';
import { type SnapshotManifest } from '../../src/repository/format/format';
import { type JobPlan } from '../../src/snapshotting/job-plan';

const entry = (objects: number, bytes: number, added: number, addedBytes: number): ShardEntry =>
  ({
    totals: { objects, bytes, addedObjects: added, addedBytes, documents: 1 },
    startMillis: 1_010,
    millis: 22,
  }) as unknown as ShardEntry;

const HEAD = {
  snapshot: 'snapshot_3',
  repository: 'my_backup',
  uuid: 'u',
  state: 'SUCCESS',
  includeGlobalState: true,
  startMillis: 1_000,
  millis: 64,
};

const NONE = { file_count: 0, size_in_bytes: 0 };

// eslint-disable-next-line @typescript-eslint/no-explicit-any
const plain = (json: unknown): any => JSON.parse(JSON.stringify(json));

describe('_status', () => {
  it('tells sizes and times to people with human', () => {
    const manifest = {
      startMillis: 1_000,
      failures: [],
      indices: [{ name: 'index_3', shards: [entry(3, 3_000, 1, 100)] }],
    } as unknown as SnapshotManifest;
    const status = plain(statusJson(HEAD, finishedRows(manifest), true));
    expect(status.stats).toMatchObject({ time: '64ms', total: { size: '2.9kb', size_in_bytes: 3_000 } });
    expect(status.indices.index_3.shards['0'].stats).toMatchObject({ time: '22ms', incremental: { size: '100b' } });
  });

  it('sums what is in the manifest of a finished snapshot, in the older and the newer fields', () => {
    const manifest = {
      startMillis: 1_000,
      failures: [{ index: 'index_3', shard: 1, reason: 'no primary' }],
      indices: [{ name: 'index_3', shards: [entry(3, 300, 1, 100), null] }],
    } as unknown as SnapshotManifest;
    const status = plain(statusJson(HEAD, finishedRows(manifest)));
    expect(status.shards_stats).toEqual({
      initializing: 0,
      started: 0,
      finalizing: 0,
      done: 1,
      failed: 1,
      total: 2,
    });
    expect(status.stats).toEqual({
      incremental: { file_count: 1, size_in_bytes: 100 },
      processed: { file_count: 1, size_in_bytes: 100 },
      total: { file_count: 3, size_in_bytes: 300 },
      start_time_in_millis: 1_000,
      time_in_millis: 64,
      number_of_files: 1,
      processed_files: 1,
      total_size_in_bytes: 100,
      processed_size_in_bytes: 100,
    });
    expect(status.indices.index_3.shards['0']).toMatchObject({ stage: 'DONE', stats: { time_in_millis: 22 } });
    expect(status.indices.index_3.shards['1']).toMatchObject({
      stage: 'FAILURE',
      reason: 'no primary',
      stats: { incremental: NONE },
    });
  });

  const plan = {
    startMillis: 1_000,
    indices: [
      {
        name: 'a',
        shards: [
          { kind: 'unchanged', entry: entry(4, 400, 4, 400) },
          { kind: 'changed', documents: 100, bytes: 10_000 },
        ],
      },
      {
        name: 'b',
        shards: [
          { kind: 'changed', documents: 100, bytes: 10_000 },
          { kind: 'failed', reason: 'disabled', status: 'BAD_REQUEST' },
        ],
      },
    ],
  } as unknown as JobPlan;

  it('shows each shard of a running snapshot in its stage, unchanged ones as done and costing nothing', () => {
    const progress = new Map<number, ShardProgress>([
      [0, { ordinal: 0, stage: 'STARTED', documents: 50, objects: 1, bytes: 600 }],
    ]);
    const status = plain(statusJson({ ...HEAD, state: 'IN_PROGRESS' }, runningRows(plan, progress, 1_500)));
    expect(status.shards_stats).toEqual({ initializing: 1, started: 1, finalizing: 0, done: 1, failed: 1, total: 4 });
    expect(status.indices.a.shards['0']).toMatchObject({
      stage: 'DONE',
      stats: { incremental: NONE, total: { file_count: 4, size_in_bytes: 400 } },
    });
    // Half of the documents took 600 bytes, so all of them will take about 1,200.
    expect(status.indices.a.shards['1'].stats).toMatchObject({
      incremental: { file_count: 1, size_in_bytes: 1_200 },
      processed: { file_count: 1, size_in_bytes: 600 },
      time_in_millis: 500,
    });
    expect(status.indices.b.shards['0']).toMatchObject({ stage: 'INIT', stats: { processed: NONE } });
  });

  it('never shows more processed than there is', () => {
    for (const documents of [0, 10, 100, 250]) {
      const progress = new Map<number, ShardProgress>([
        [0, { ordinal: 0, stage: 'STARTED', documents, objects: 9, bytes: 90_000 }],
      ]);
      const [row] = runningRows(plan, progress, 2_000)[0].shards.slice(1);
      expect(row.processed.bytes).toBeLessThanOrEqual(row.incremental.bytes);
      expect(row.processed.files).toBeLessThanOrEqual(row.incremental.files);
    }
  });

  it('adds what heartbeats say: finished shards exactly, the rest by what is expected of the started ones', () => {
    const started = (ordinal: number): ShardProgress => ({
      ordinal,
      stage: 'STARTED',
      documents: 0,
      objects: 0,
      bytes: 0,
    });
    const heartbeats = {
      finished: [{ ordinal: 1, entry: { totals: { documents: 40, addedObjects: 1, addedBytes: 400 } } as never }],
      written: { documents: 100, objects: 5, bytes: 1_000 },
    };
    expect(withHeartbeats([started(0), started(1), started(2)], heartbeats, [100, 50, 300])).toEqual([
      { ordinal: 0, stage: 'STARTED', documents: 15, objects: 1, bytes: 150 },
      { ordinal: 1, stage: 'DONE', documents: 40, objects: 1, bytes: 400 },
      { ordinal: 2, stage: 'STARTED', documents: 45, objects: 3, bytes: 450 },
    ]);
  });

  it('never shows a shard going back, nor what it has written less than it was', () => {
    const at = (stage: ShardProgress['stage'], bytes: number): ShardProgress => ({
      ordinal: 0,
      stage,
      documents: bytes,
      objects: 1,
      bytes,
    });
    expect(later(undefined, at('STARTED', 5))).toEqual(at('STARTED', 5));
    expect(later(at('STARTED', 5), at('STARTED', 7))).toEqual(at('STARTED', 7));
    expect(later(at('STARTED', 5), at('STARTED', 0))).toEqual(at('STARTED', 5));
    expect(later(at('DONE', 5), at('STARTED', 0))).toEqual(at('DONE', 5));
    expect(later(at('FINALIZE', 5), at('DONE', 0))).toEqual(at('DONE', 5));
    expect(later(at('FAILURE', 0), at('DONE', 0))).toEqual(at('FAILURE', 0));
  });

  it('shows the stage of each shard of a small group, those it has not come to as not begun', () => {
    const started = (ordinal: number): ShardProgress => ({
      ordinal,
      stage: 'STARTED',
      documents: 0,
      objects: 0,
      bytes: 0,
    });
    const finalizing = { ordinal: 0, stage: 'FINALIZE' as const, documents: 60, objects: 1, bytes: 600 };
    const heartbeats = {
      finished: [{ ordinal: 1, entry: { totals: { documents: 40, addedObjects: 1, addedBytes: 400 } } as never }],
      written: { documents: 100, objects: 2, bytes: 1_000 },
      working: [finalizing, started(2)],
    };
    expect(withHeartbeats([0, 1, 2, 3].map(started), heartbeats, [100, 50, 300, 10])).toEqual([
      finalizing,
      { ordinal: 1, stage: 'DONE', documents: 40, objects: 1, bytes: 400 },
      started(2),
      { ...started(3), stage: 'INIT' },
    ]);
  });
});
