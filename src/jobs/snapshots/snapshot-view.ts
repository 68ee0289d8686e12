/** One snapshot as lists show it, finished or running: the values that are sorted, filtered and printed. */
import { indicesOf } from '../../repository/catalogue/root';
import { type Root, type RootEntry, type SnapshotState } from '../../repository/format/format';
import { countRuns } from '../../repository/format/number-runs';
import { type RunningSnapshot } from '../running/running-jobs';

export interface SnapshotView {
  readonly repository: string;
  readonly snapshot: string;
  readonly uuid: string;
  readonly state: SnapshotState | 'IN_PROGRESS';
  /** Version of the cluster; unset while it is unknown. */
  readonly version?: string;
  readonly includeGlobalState: boolean;
  /** Raw JSON text. */
  readonly metadata?: string;
  readonly startMillis: number;
  /** 0 while it runs. */
  readonly endMillis: number;
  readonly shards: { readonly total: number; readonly failed: number; readonly successful: number };
  readonly indexCount: number;
  /** Names of its data streams, ascending. */
  readonly dataStreams: readonly string[];
  /** Returns the names, ascending. A function, because only a few snapshots of a list are printed. */
  indices(): readonly string[];
  /** Set for a finished snapshot. */
  readonly entry?: RootEntry;
  /** Set for a running snapshot. */
  readonly running?: RunningSnapshot;
}

/** Facts that a running snapshot's plan holds. */
interface PlanFacts {
  readonly version: string;
  readonly indices: readonly string[];
  readonly dataStreams: readonly string[];
  readonly shards: number;
}

/** Returns a snapshot of the catalogue as lists show it. */
export function finishedView(repository: string, root: Root, entry: RootEntry): SnapshotView {
  return {
    repository,
    snapshot: entry.snapshot,
    uuid: entry.uuid,
    state: entry.state,
    version: entry.version,
    includeGlobalState: entry.includeGlobalState,
    metadata: entry.metadata,
    startMillis: entry.startMillis,
    endMillis: entry.endMillis,
    shards: { ...entry.shards, successful: entry.shards.total - entry.shards.failed },
    indexCount: countRuns(entry.indices),
    dataStreams: [...(entry.dataStreams ?? [])].sort(),
    indices: () =>
      indicesOf(root, entry)
        .map(({ name }) => name)
        .sort(),
    entry,
  };
}

/** Returns a running snapshot as lists show it. `done` counts the shards that have ended. */
export function runningView(
  repository: string,
  running: RunningSnapshot,
  plan: PlanFacts | undefined,
  done: { readonly successful: number; readonly failed: number },
): SnapshotView {
  const { job, shown } = running;
  const indices = [...(plan?.indices ?? [])].sort();
  return {
    repository,
    snapshot: job.snapshot,
    uuid: shown.uuid,
    state: 'IN_PROGRESS',
    version: plan?.version,
    includeGlobalState: shown.includeGlobalState,
    metadata: shown.metadata,
    startMillis: shown.startMillis,
    endMillis: 0,
    shards: { total: plan?.shards ?? shown.counts?.shards ?? 0, ...done },
    indexCount: indices.length,
    dataStreams: [...(plan?.dataStreams ?? [])].sort(),
    indices: () => indices,
    running,
  };
}
