import Table from 'cli-table3';
import { type Goal } from './goals';
import { type Quantity, type Results, valuesOf } from './support/results';
import { median } from './support/statistics';
import { SHOW, showMs } from './support/units';

/** The columns of quantities; one that nobody measured is left out. */
const COLUMNS: readonly (readonly [Quantity, string])[] = [
  ['bytes', 'bytes stored'],
  ['workerSeconds', 'worker, processor'],
  ['engineSeconds', 'engine, processor'],
  ['spreadMs', 'shards apart'],
  ['statedSpreadMs', 'as it states'],
];

/** Prints all measurements: medians, and the spread of times over the rounds. */
export function resultsTable({ all }: Results): string {
  const columns = COLUMNS.filter(([name]) => all.some(({ readings }) => valuesOf(readings, name).length > 0));
  const table = new Table({
    head: ['work', 'by', 'time, median', 'fastest – slowest', ...columns.map(([, title]) => title)],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'left', 'right', 'right', ...columns.map(() => 'right' as const)],
  });
  let last = '';
  const works = [...new Set(all.map(({ work }) => work))];
  const grouped = works.flatMap((work) => all.filter((one) => one.work === work));
  for (const { work, contender, readings } of grouped) {
    const ms = valuesOf(readings, 'ms');
    table.push([
      work === last ? '' : work,
      contender,
      showMs(median(ms)),
      `${showMs(Math.min(...ms))} – ${showMs(Math.max(...ms))}`,
      ...columns.map(([name]) => {
        const values = valuesOf(readings, name);
        return values.length === 0 ? '' : SHOW[name](median(values));
      }),
    ]);
    last = work;
  }
  return table.toString();
}

/** Prints the goals, and whether each was reached. */
export function goalsTable(goals: readonly Goal[]): string {
  const table = new Table({
    head: ['work', 'against', 'Snapkeep', 'other', 'measured', 'reach', ''],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'left', 'right', 'right', 'right', 'left', 'left'],
  });
  for (const { work, against, snapkeep, other, measured, reach, reached } of goals) {
    table.push([work, against, snapkeep, other, measured, reach, reached ? 'yes' : 'NO']);
  }
  return table.toString();
}
