/** Prints tables as the engines' `_cat` requests do, byte for byte. Pure. */
import { SnapkeepError } from '../contracts/errors';
import { type JsonObject } from './json-value';
import { byteSize, TIME_UNIT_MS, timeValue } from './values';
import { matchesWildcard } from './wildcard';

/** A column of a `_cat` table. */
export interface CatColumn {
  readonly name: string;
  /** Short names, with commas between them, as `help` prints them. */
  readonly aliases: string;
  readonly description: string;
  /** Shown only when `h` names it. */
  readonly isHidden?: boolean;
  readonly isRight?: boolean;
}

/** A size or a time, which the caller chooses the unit of, or a word of a list that has an order of its own. */
interface CatMeasure {
  readonly kind: 'bytes' | 'millis';
  readonly value: number;
}

interface CatWord {
  readonly kind: 'word';
  readonly value: string;
  readonly order: number;
}

export type CatCell = string | number | null | CatMeasure | CatWord;

export interface CatTable {
  readonly columns: readonly CatColumn[];
  /** Each row has a cell for every column. */
  readonly rows: readonly (readonly CatCell[])[];
}

/** What the caller asks for by parameters of the same names. */
export interface CatOptions {
  /** Whether a line of column names comes first. */
  readonly v: boolean;
  /** Columns to show: names, aliases, wildcards; unset: those that are not hidden. */
  readonly h?: readonly string[];
  /** Columns to sort by, each with `:asc` or `:desc` behind it or without. */
  readonly s?: readonly string[];
  readonly bytes?: string;
  readonly time?: string;
}

interface ShownColumn {
  readonly column: CatColumn;
  readonly position: number;
  /** The name as the caller spelt it. */
  readonly title: string;
}

/** Prints the table as text. Throws `illegal_argument_exception` for a sort key that is no column. */
export function printCatTable(table: CatTable, options: CatOptions): string {
  const shown = shownColumns(table.columns, options.h);
  const rows = sortedRows(table, options.s).map((row) =>
    shown.map(({ position }) => render(row[position] ?? null, options) ?? ''),
  );
  const lines = options.v ? [shown.map(({ title }) => title), ...rows] : rows;
  const widths = shown.map((_, i) => Math.max(0, ...lines.map((line) => line[i]!.length)));
  return lines
    .map((line) => {
      const cells = line.map((text, i) =>
        pad(text, widths[i]!, shown[i]!.column.isRight === true, i === line.length - 1),
      );
      return `${cells.join(' ')}\n`;
    })
    .join('');
}

/** Returns the rows as objects of texts. Throws as {@link printCatTable} does. */
export function catObjects(table: CatTable, options: CatOptions): JsonObject[] {
  const shown = shownColumns(table.columns, options.h);
  return sortedRows(table, options.s).map((row) =>
    Object.fromEntries(shown.map(({ title, position }) => [title, render(row[position] ?? null, options)])),
  );
}

/** Prints the names, aliases and meanings of the columns. */
export function printCatHelp(columns: readonly CatColumn[]): string {
  const lines = columns.map(({ name, aliases, description }) => [name, aliases, description]);
  const widths = [0, 1, 2].map((i) => Math.max(...lines.map((line) => line[i]!.length)));
  return lines.map((line) => `${line.map((text, i) => pad(text, widths[i]!, false, false)).join(' | ')}\n`).join('');
}

function shownColumns(columns: readonly CatColumn[], wanted: readonly string[] | undefined): ShownColumn[] {
  const all = columns.map((column, position) => ({ column, position, title: column.name }));
  if (wanted === undefined) return all.filter(({ column }) => column.isHidden !== true);
  const names = new Set(
    wanted.flatMap((name) =>
      name.includes('*')
        ? columns.filter((column) => spellings(column).some((one) => matchesWildcard(name, one))).map((one) => one.name)
        : [name],
    ),
  );
  return [...names].flatMap((title) => {
    const found =
      all.find(({ column }) => column.name === title) ??
      all.findLast(({ column }) => column.aliases.split(',').includes(title));
    return found === undefined ? [] : [{ ...found, title }];
  });
}

function spellings({ name, aliases }: CatColumn): string[] {
  return [name, ...aliases.split(',')];
}

function sortedRows({ columns, rows }: CatTable, keys: readonly string[] = []): readonly (readonly CatCell[])[] {
  const order = keys.map((key) => {
    const [, name = key, direction] = /^(.*):(asc|desc)$/.exec(key) ?? [];
    const position = columns.findLastIndex((column) => spellings(column).includes(name));
    if (position < 0) {
      throw new SnapkeepError('illegal_argument_exception', `Unable to sort by unknown sort key \`${name}\``);
    }
    return { position, sign: direction === 'desc' ? -1 : 1 };
  });
  return rows.toSorted((a, b) => {
    for (const { position, sign } of order) {
      const compared = compare(a[position] ?? null, b[position] ?? null);
      if (compared !== 0) return sign * compared;
    }
    return 0;
  });
}

function compare(a: CatCell, b: CatCell): number {
  const [x, y] = [sortValue(a), sortValue(b)];
  if (x === null || y === null) return Number(y === null) - Number(x === null);
  if (typeof x === typeof y) return x < y ? -1 : Number(x > y);
  return String(x) < String(y) ? -1 : 1;
}

function sortValue(cell: CatCell): string | number | null {
  if (cell === null || typeof cell !== 'object') return cell;
  return cell.kind === 'word' ? cell.order : cell.value;
}

const BYTE_UNITS: readonly string[] = ['b', 'k', 'm', 'g', 't', 'p'];

function render(cell: CatCell, { bytes, time }: CatOptions): string | null {
  if (cell === null || typeof cell !== 'object') return cell === null ? null : String(cell);
  switch (cell.kind) {
    case 'word':
      return cell.value;
    case 'bytes': {
      const power = BYTE_UNITS.indexOf((bytes ?? '').replace(/^([kmgtp])b$/, '$1'));
      return power < 0 ? byteSize(cell.value) : String(Math.floor(cell.value / 1024 ** power));
    }
    case 'millis': {
      const unit = TIME_UNIT_MS[time ?? ''];
      return unit === undefined ? timeValue(cell.value) : String(BigInt(Math.floor((cell.value * 1e6) / (unit * 1e6))));
    }
  }
}

/** Pads as the engines do, which count the blanks in a signed byte: a difference of 128 to 255 adds none. */
function pad(text: string, width: number, isRight: boolean, isLast: boolean): string {
  const blanks = ' '.repeat(Math.max(0, ((width - text.length) << 24) >> 24));
  if (isRight) return blanks + text;
  return isLast ? text : text + blanks;
}
