/** Computes the stage and sizes of every shard of a snapshot for `_status`, finished or running. Pure. */
import { type ShardProgress, type ShardStage } from '../../contracts/jobs/copy';
import { type ShardEntry } from '../../contracts/stored';
import { type SnapshotManifest } from '../../repository/format/format';
import { changedShards, type JobPlan, type PlannedShard } from '../../snapshotting/job-plan';

/** Data objects and stored bytes. */
export interface FileCount {
  readonly files: number;
  readonly bytes: number;
}

export interface ShardRow {
  readonly stage: ShardStage;
  /** Objects that this snapshot adds to the repository. */
  readonly incremental: FileCount;
  /** Those of `incremental` that are written. */
  readonly processed: FileCount;
  /** All objects that the snapshot needs. */
  readonly total: FileCount;
  readonly startMillis: number;
  readonly millis: number;
  readonly reason?: string;
}

export interface IndexRows {
  readonly name: string;
  readonly shards: readonly ShardRow[];
}

const NONE: FileCount = { files: 0, bytes: 0 };
/** Estimates until a shard has written something: the compression of its documents' JSON, and the size of an object. */
const EXPECTED_COMPRESSION = 0.2;
const EXPECTED_OBJECT_BYTES = 32 * 1024 * 1024;

/** Returns the shards of a finished snapshot; all sizes come from its manifest. */
export function finishedRows(manifest: SnapshotManifest): IndexRows[] {
  const reasons = new Map(manifest.failures.map((one) => [`${one.shard} ${one.index}`, one.reason]));
  return manifest.indices.map((index) => ({
    name: index.name,
    shards: index.shards.map((entry, shard) =>
      entry === null
        ? failedRow(manifest.startMillis, reasons.get(`${shard} ${index.name}`) ?? 'not in the snapshot')
        : entryRow(entry, true),
    ),
  }));
}

/** Returns the shards of a running snapshot. Sizes of unfinished shards are estimates, at least what is written. */
export function runningRows(plan: JobPlan, progress: ReadonlyMap<number, ShardProgress>, now: number): IndexRows[] {
  const ordinals = new Map(changedShards(plan).map((one) => [one.plan, one.ordinal]));
  return plan.indices.map((index) => ({
    name: index.name,
    shards: index.shards.map((shard) => {
      switch (shard.kind) {
        case 'unchanged':
          return entryRow(shard.entry, false, plan.startMillis);
        case 'failed':
          return failedRow(plan.startMillis, shard.reason);
        case 'changed':
          return changedRow(shard, progress.get(ordinals.get(shard)!), plan.startMillis, now);
      }
    }),
  }));
}

function changedRow(
  shard: Extract<PlannedShard, { kind: 'changed' }>,
  progress: ShardProgress | undefined,
  startMillis: number,
  now: number,
): ShardRow {
  if (progress?.stage === 'FAILURE') return failedRow(startMillis, progress.reason ?? 'failed');
  const stage = progress?.stage ?? 'INIT';
  const written: FileCount = { files: progress?.objects ?? 0, bytes: progress?.bytes ?? 0 };
  const expected = expect(shard, progress);
  // A group of small shards reports its written bytes only when it ends.
  const processed = stage === 'DONE' && written.bytes === 0 ? expected : written;
  const incremental = stage === 'DONE' ? processed : expected;
  const millis = stage === 'INIT' ? 0 : now - startMillis;
  return { stage, incremental, processed, total: incremental, startMillis, millis };
}

function expect(shard: { documents: number; bytes: number }, progress: ShardProgress | undefined): FileCount {
  const written = progress?.bytes ?? 0;
  const copied = progress?.documents ?? 0;
  const ahead =
    copied > 0 && written > 0
      ? (written * Math.max(shard.documents, copied)) / copied
      : shard.bytes * EXPECTED_COMPRESSION;
  const bytes = Math.max(written, Math.ceil(ahead));
  const least = shard.documents > 0 ? 1 : 0;
  return { bytes, files: Math.max(progress?.objects ?? 0, least, Math.ceil(bytes / EXPECTED_OBJECT_BYTES)) };
}

function entryRow(entry: ShardEntry, ownWork: boolean, startMillis = entry.startMillis): ShardRow {
  const { totals } = entry;
  const added = ownWork ? { files: totals.addedObjects, bytes: totals.addedBytes } : NONE;
  return {
    stage: 'DONE',
    incremental: added,
    processed: added,
    total: { files: totals.objects, bytes: totals.bytes },
    startMillis,
    millis: ownWork ? entry.millis : 0,
  };
}

function failedRow(startMillis: number, reason: string): ShardRow {
  return { stage: 'FAILURE', incremental: NONE, processed: NONE, total: NONE, startMillis, millis: 0, reason };
}
