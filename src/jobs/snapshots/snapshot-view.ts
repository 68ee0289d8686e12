/** One snapshot as lists see it, finished or running: what is sorted, filtered and printed. */
import { indicesOf } from '../../repository/catalogue/root';
import { type SnapshotState } from '../../repository/format/format';
import { type Root, type RootEntry } from '../../repository/format/format';
import { countRuns } from '../../repository/format/number-runs';
import { type RunningSnapshot } from '../running/running-jobs';

export interface SnapshotView {
  readonly repository: string;
  readonly snapshot: string;
  readonly uuid: string;
  readonly state: SnapshotState | 'IN_PROGRESS';
  /** Of the cluster; unset while it is not known yet. */
  readonly version?: string;
  readonly includeGlobalState: boolean;
  /** Raw JSON text. */
  readonly metadata?: string;
  readonly startMillis: number;
  /** 0 while it runs. */
  readonly endMillis: number;
  readonly shards: { readonly total: number; readonly failed: number; readonly successful: number };
  readonly indexCount: number;
  /** Names, ascending. Read only for what is printed. */
  indices(): readonly string[];
  /** Set for a finished one. */
  readonly entry?: RootEntry;
  /** Set for a running one. */
  readonly running?: RunningSnapshot;
}

/** What a running snapshot has found out so far. */
interface PlanFacts {
  readonly version: string;
  readonly indices: readonly string[];
  readonly shards: number;
}

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
    indices: () =>
      indicesOf(root, entry)
        .map(({ name }) => name)
        .sort(),
    entry,
  };
}

/** `done` is the number of shards that need nothing more. */
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
    indices: () => indices,
    running,
  };
}
