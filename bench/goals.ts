/** Compares measurements with the goals that Snapkeep has to reach. Pure. */
import { BARE_CODEC } from './contenders/bare-codec';
import { type BenchOptions } from './options';
import { BY_PAGES, hardWork } from './scenarios/hard';
import { INDICES_WORK } from './scenarios/indices';
import { BARE_LOADERS, BARE_READERS, REINDEX, WORK } from './scenarios/large';
import { MANY_WORK } from './scenarios/many';
import { type PeakMemory } from './scenarios/memory';
import { BARE_REFRESH, DELETE_BESIDE, momentWork } from './scenarios/moment';
import { SMALL_WORK } from './scenarios/small';
import { workersWork } from './scenarios/workers';
import { documentBytes } from './support/documents';
import { SNAPKEEP } from './support/metered';
import { type Quantity, type Results } from './support/results';
import { median, percentile } from './support/statistics';
import { SHOW, showBytes, showMs, showRatio, showSeconds } from './support/units';

export interface Goal {
  readonly work: string;
  /** The contender that Snapkeep is compared with; else which figure of its own counts. */
  readonly against: string;
  /** The measurement of Snapkeep, as printed. */
  readonly snapkeep: string;
  readonly other: string;
  /** Ratio of Snapkeep's measurement to the other's if `isRatio`; its own figure otherwise. */
  readonly value: number;
  readonly isRatio: boolean;
  readonly most: number;
  readonly measured: string;
  readonly reach: string;
  readonly reached: boolean;
}

const UNCHANGED_MS = 100;
const SMALL_MS = 120;
const READ_P95_MS = 50;
const DELETE_BESIDE_MS = 500;
const SPREAD_MS = 100;
const MEMORY_BYTES = 400e6;
/** Worker's processor seconds for each GB of documents. */
const FIRST_SECONDS_PER_GB = 8;
const RESTORE_SECONDS_PER_GB = 10;
/** Greatest ratio of memory between a large index and a small one: buffers fill once, then memory stays constant. */
const MEMORY_GROWTH = 1.3;
/** What reading a hard index may cost the engine, relative to pages by sequence numbers. */
const HARD = { whole: 0.25, deleted: { opensearch: 0.4, elasticsearch: 0.15 } };
/** Time of all workers relative to that of one: with four, perfect is 0.25. */
const WORKERS_OVERHEAD = 1.4;

/** Returns every goal of which both sides were measured. */
export function goalsOf(results: Results, peaks: readonly PeakMemory[], options: BenchOptions): Goal[] {
  const goals = new Goals(results);
  largeGoals(goals, options);
  hardGoals(goals, options);
  for (const shards of options.momentShards) {
    for (const label of ['first', 'incremental'] as const) {
      const work = momentWork(label, shards);
      const worst = Math.max(...goals.own(work, 'spreadMs'));
      for (const against of ['native', BARE_REFRESH]) {
        const other = results.of(work, against, 'spreadMs');
        if (other.length === 0) continue;
        goals.limit(work, worst, SPREAD_MS, showMs, {
          what: `${against}, worst rounds`,
          other: showMs(Math.max(...other)),
        });
      }
    }
  }
  goals.limit(DELETE_BESIDE, Math.max(...goals.own(DELETE_BESIDE, 'ms')), DELETE_BESIDE_MS, showMs, {
    what: 'worst round',
  });
  goals.limit(SMALL_WORK, median(goals.own(SMALL_WORK, 'ms')), SMALL_MS, showMs);
  goals.ratio(INDICES_WORK.first, 'native', 'ms', 1.5);
  goals.ratio(INDICES_WORK.unchanged, 'native', 'ms', 1);
  goals.between(MANY_WORK.many, MANY_WORK.few, 1.2);
  for (const work of [MANY_WORK.list, MANY_WORK.status]) {
    goals.limit(work, percentile(goals.own(work, 'ms'), 95), READ_P95_MS, showMs, { what: 'p95' });
  }
  memoryGoals(goals, peaks);
  goals.between(workersWork(options.workers), workersWork(1), WORKERS_OVERHEAD / options.workers);
  return goals.all;
}

function largeGoals(goals: Goals, { documents }: BenchOptions): void {
  const gigabytes = documentBytes(documents) / 1e9;
  const perGigabyte = (work: string, most: number): void => {
    const seconds = median(goals.own(work, 'workerSeconds')) / gigabytes;
    const codec = median(goals.results.of(WORK.first, BARE_CODEC, 'workerSeconds')) / gigabytes;
    const beside = Number.isFinite(codec) ? { what: BARE_CODEC, other: showSeconds(codec) } : {};
    goals.limit(`${work}, worker's processor time for a GB of documents`, seconds, most, showSeconds, beside);
  };
  perGigabyte(WORK.first, FIRST_SECONDS_PER_GB);
  goals.ratio(WORK.first, 'native', 'ms', 0.8);
  goals.ratio(WORK.first, 'elasticdump', 'ms', 0.2);
  goals.ratio(WORK.first, goals.fastest(WORK.first, Object.keys(BARE_READERS)), 'ms', 1.2);
  goals.ratio(WORK.first, 'native', 'bytes', 0.25);
  goals.limit(WORK.unchanged, median(goals.own(WORK.unchanged, 'ms')), UNCHANGED_MS, showMs);
  for (const work of [WORK.unchanged, WORK.merged]) {
    const bytes = Math.max(...goals.own(work, 'dataBytes'));
    goals.limit(`${work}, bytes of documents`, bytes, 0, showBytes, { what: 'worst round' });
  }
  goals.ratio(WORK.updated, 'native', 'bytes', 0.3);
  goals.ratio(WORK.updated, 'native', 'ms', 3);
  perGigabyte(WORK.restore, RESTORE_SECONDS_PER_GB);
  goals.ratio(WORK.restore, BARE_LOADERS.usual, 'ms', 1);
  goals.ratio(WORK.restore, REINDEX, 'ms', 0.95);
  goals.ratio(WORK.restore, 'elasticdump', 'ms', 0.25);
}

function hardGoals(goals: Goals, { hardCases, engine }: BenchOptions): void {
  const deleted = HARD.deleted[engine.startsWith('opensearch') ? 'opensearch' : 'elasticsearch'];
  for (const one of hardCases) {
    goals.ratio(hardWork(one), BY_PAGES, 'engineSeconds', one.deleted > 0 ? deleted : HARD.whole);
  }
}

function memoryGoals(goals: Goals, peaks: readonly PeakMemory[]): void {
  const most = (peak: PeakMemory): number => Math.max(peak.snapshotBytes, peak.restoreBytes);
  for (const peak of peaks) {
    const work = `peak memory of the worker, ${peak.documents} documents`;
    goals.limit(work, most(peak), MEMORY_BYTES, showBytes, { what: 'resident' });
  }
  const [small, large] = [peaks.at(-2), peaks.at(-1)];
  if (peaks.length <= 2 || small === undefined || large === undefined) return;
  goals.add(
    { work: `memory, ${large.documents} documents`, against: `${small.documents} documents` },
    { value: most(large) / most(small), most: MEMORY_GROWTH, show: showRatio },
    { snapkeep: showBytes(most(large)), other: showBytes(most(small)) },
  );
}

/** Collects goals; what was not measured is left out. */
class Goals {
  readonly all: Goal[] = [];

  constructor(readonly results: Results) {}

  /** Returns one quantity of each of Snapkeep's rounds. */
  own(work: string, quantity: Quantity): number[] {
    return this.results.of(work, SNAPKEEP, quantity);
  }

  /** Returns the contender with the least median time. */
  fastest(work: string, contenders: readonly string[]): string {
    const time = (name: string): number => median(this.results.of(work, name, 'ms'));
    return contenders.toSorted((a, b) => time(a) - time(b))[0]!;
  }

  /** Compares medians of Snapkeep and of another contender at the same work. */
  ratio(work: string, against: string, quantity: 'ms' | 'bytes' | 'engineSeconds', most: number): void {
    const own = median(this.own(work, quantity));
    const other = median(this.results.of(work, against, quantity));
    const what = { ms: 'time', bytes: 'bytes', engineSeconds: "engine's processor time a million" };
    this.add(
      { work: `${work}, ${what[quantity]}`, against },
      { value: own / other, most, show: showRatio },
      { snapkeep: SHOW[quantity](own), other: SHOW[quantity](other) },
    );
  }

  /** Compares the median times of Snapkeep at two kinds of work. */
  between(work: string, base: string, most: number): void {
    const [own, other] = [work, base].map((one) => median(this.own(one, 'ms')));
    this.add(
      { work, against: base },
      { value: own! / other!, most, show: showRatio },
      { snapkeep: showMs(own!), other: showMs(other!) },
    );
  }

  /** Compares a figure of Snapkeep with a limit. */
  limit(
    work: string,
    value: number,
    most: number,
    show: (value: number) => string,
    { what = 'median', other = '' }: { what?: string; other?: string } = {},
  ): void {
    this.add({ work, against: what }, { value, most, show }, { snapkeep: show(value), other });
  }

  add(
    names: Pick<Goal, 'work' | 'against'>,
    { value, most, show }: { value: number; most: number; show: (value: number) => string },
    shown: Pick<Goal, 'snapkeep' | 'other'>,
  ): void {
    if (!Number.isFinite(value)) return;
    const reach = `≤ ${show(most)}`;
    const isRatio = show === showRatio;
    this.all.push({ ...names, ...shown, value, isRatio, most, measured: show(value), reach, reached: value <= most });
  }
}
