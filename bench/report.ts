import Table from 'cli-table3';
import { type Goal } from './goals';
import { type Results } from './support/results';
import { median } from './support/statistics';
import { showBytes, showMs } from './support/units';

/** Prints all measurements: medians with the spread over the rounds. */
export function resultsTable({ all }: Results): string {
  const table = new Table({
    head: ['work', 'by', 'time, median', 'fastest – slowest', 'bytes, median'],
    style: { head: [], border: [] },
    colAligns: ['left', 'left', 'right', 'right', 'right'],
  });
  let last = '';
  for (const { work, contender, ms, bytes } of all) {
    const spread = `${showMs(Math.min(...ms))} – ${showMs(Math.max(...ms))}`;
    table.push([
      work === last ? '' : work,
      contender,
      showMs(median(ms)),
      spread,
      bytes.length === 0 ? '' : showBytes(median(bytes)),
    ]);
    last = work;
  }
  return table.toString();
}

/** Prints the goals, and whether each was reached. */
export function goalsTable(goals: readonly Goal[]): string {
  const table = new Table({
    head: ['work', 'against', 'Snapkeep', 'other', 'ratio', 'reach', ''],
    style: { head: [], border: [] },
    colAligns: ['left', 'left', 'right', 'right', 'right', 'left', 'left'],
  });
  for (const { work, against, snapkeep, other, measured, reach, reached } of goals) {
    table.push([work, against, snapkeep, other, other === '' ? '' : measured, reach, reached ? 'yes' : 'NO']);
  }
  return table.toString();
}
