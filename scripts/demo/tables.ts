import Table from 'cli-table3';
import { bytes, count, millis, say } from './console';
import { type SnapshotCost } from './snapshot';

/** One part of the demo and how long it took, ms. */
export interface ChapterTime {
  readonly title: string;
  readonly millis: number;
}

export function printCosts(rows: readonly (SnapshotCost & { readonly about: string })[]): void {
  const table = plainTable(['snapshot', 'documents', 'bytes read', 'bytes stored', 'objects', 'time'], 1);
  for (const { about, documents, read, stored, objects, millis: ms } of rows) {
    table.push([about, count(documents), bytes(read), bytes(stored), count(objects), millis(ms)]);
  }
  say(table.toString());
}

export function printTimes(chapters: readonly ChapterTime[]): void {
  const table = plainTable(['where the time went', ''], 1);
  for (const { title, millis: ms } of chapters) table.push([title, millis(ms)]);
  say(table.toString());
}

/** Prints a table; columns from `numbersFrom` on are numbers, aligned to the right. */
function plainTable(head: string[], numbersFrom: number): Table.Table {
  return new Table({
    head,
    colAligns: head.map((_, i) => (i < numbersFrom ? 'left' : 'right')),
    style: { head: [], border: [] },
  });
}
