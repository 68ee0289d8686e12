/** Compares measurements with the goals that Snapkeep has to reach. Pure. */
import { BARE_LOADER, BARE_READER, WORK } from './scenarios/large';
import { MANY_WORK } from './scenarios/many';
import { type PeakMemory } from './scenarios/memory';
import { SMALL_WORK } from './scenarios/small';
import { type Results } from './support/results';
import { median, percentile } from './support/statistics';
import { showBytes, showMs, showRatio } from './support/units';

export interface Goal {
  readonly work: string;
  /** The contender that Snapkeep is compared with; a limit if there is none. */
  readonly against: string;
  /** The measurement of Snapkeep, as printed. */
  readonly snapkeep: string;
  readonly other: string;
  /** Ratio of Snapkeep's measurement to the other's, or its own figure. */
  readonly measured: string;
  readonly reach: string;
  readonly reached: boolean;
}

const SNAPKEEP = 'Snapkeep';
const UNCHANGED_MS = 150;
const SMALL_MS = 200;
const READ_P95_MS = 100;
const MEMORY_BYTES = 512e6;
/** Greatest ratio of memory between a large index and a small one: buffers fill once, then memory stays constant. */
const MEMORY_GROWTH = 1.3;

/** Returns every goal of which both sides were measured. */
export function goalsOf(results: Results, peaks: readonly PeakMemory[]): Goal[] {
  const goals: Goal[] = [];
  const ratio = (work: string, against: string, what: 'ms' | 'bytes', reach: number, base?: string): void => {
    const own = results.find(work, SNAPKEEP);
    const other = results.find(base ?? work, against);
    if (own === undefined || other === undefined) return;
    const show = what === 'ms' ? showMs : showBytes;
    const value = median(own[what]) / median(other[what]);
    goals.push({
      work: `${work}, ${what === 'ms' ? 'time' : 'bytes'}`,
      against,
      snapkeep: show(median(own[what])),
      other: show(median(other[what])),
      measured: showRatio(value),
      reach: `≤ ${reach}`,
      reached: value <= reach,
    });
  };
  const limit = (work: string, value: number, most: number, show: (value: number) => string, what: string): void => {
    if (!Number.isFinite(value)) return;
    goals.push({
      work,
      against: what,
      snapkeep: show(value),
      other: '',
      measured: show(value),
      reach: `≤ ${show(most)}`,
      reached: value <= most,
    });
  };
  const times = (work: string): readonly number[] => results.find(work, SNAPKEEP)?.ms ?? [];

  ratio(WORK.first, 'native', 'ms', 1);
  ratio(WORK.first, 'elasticdump', 'ms', 0.3);
  ratio(WORK.first, BARE_READER, 'ms', 1.2);
  ratio(WORK.first, 'native', 'bytes', 0.45);
  limit(WORK.unchanged, median(times(WORK.unchanged)), UNCHANGED_MS, showMs, 'median');
  ratio(WORK.merged, 'native', 'ms', 1);
  ratio(WORK.updated, 'native', 'bytes', 1);
  ratio(WORK.updated, 'native', 'ms', 3);
  ratio(WORK.restore, BARE_LOADER, 'ms', 1.2);
  ratio(WORK.restore, 'elasticdump', 'ms', 0.25);
  ratio(WORK.restore, 'native', 'ms', 2.5);
  limit(SMALL_WORK, median(times(SMALL_WORK)), SMALL_MS, showMs, 'median');
  const few = median(times(MANY_WORK.few));
  const many = median(times(MANY_WORK.many));
  if (Number.isFinite(few + many)) {
    goals.push({
      work: MANY_WORK.many,
      against: MANY_WORK.few,
      snapkeep: showMs(many),
      other: showMs(few),
      measured: showRatio(many / few),
      reach: '≤ 2',
      reached: many / few <= 2,
    });
  }
  limit(MANY_WORK.list, percentile(times(MANY_WORK.list), 95), READ_P95_MS, showMs, 'p95');
  limit(MANY_WORK.status, percentile(times(MANY_WORK.status), 95), READ_P95_MS, showMs, 'p95');
  for (const peak of peaks) {
    const most = Math.max(peak.snapshotBytes, peak.restoreBytes);
    limit(`peak memory of the worker, ${peak.documents} documents`, most, MEMORY_BYTES, showBytes, 'resident');
  }
  const [small, large] = [peaks.at(-2), peaks.at(-1)];
  if (peaks.length > 2 && small !== undefined && large !== undefined) {
    const growth =
      Math.max(large.snapshotBytes, large.restoreBytes) / Math.max(small.snapshotBytes, small.restoreBytes);
    goals.push({
      work: `memory, ${large.documents} documents`,
      against: `${small.documents} documents`,
      snapkeep: showBytes(Math.max(large.snapshotBytes, large.restoreBytes)),
      other: showBytes(Math.max(small.snapshotBytes, small.restoreBytes)),
      measured: showRatio(growth),
      reach: `≤ ${MEMORY_GROWTH}`,
      reached: growth <= MEMORY_GROWTH,
    });
  }
  return goals;
}
