import { illegalArgument, unsupported } from '../elasticsearch-error';
import type { ApiRequest, ApiResponse } from './api-request';

/** A column of a `_cat` answer. */
export interface Column<Row> {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly value: (row: Row) => string | number | null;
  /** A number of bytes: printed with a unit unless `bytes` says which. */
  readonly isBytes?: boolean;
  readonly alignRight?: boolean;
  /** Shown only when asked for by name. */
  readonly optional?: boolean;
}

export const CAT_PARAMETERS = 'v h s help bytes time local expand_wildcards health pri include_unloaded_segments';

const UNITS: Readonly<Record<string, number>> = { b: 0, kb: 1, mb: 2, gb: 3, tb: 4, pb: 5 };

/** Bytes as Elasticsearch prints them: `3.3kb`, or a whole number of the unit asked for. */
function formatBytes(bytes: number, unit: string | undefined): string {
  if (unit !== undefined) {
    const power = UNITS[unit];
    if (power === undefined) throw illegalArgument(`failed to parse bytes unit [${unit}]`);
    return String(Math.floor(bytes / 1024 ** power));
  }
  const names = ['b', 'kb', 'mb', 'gb', 'tb'];
  let power = 0;
  while (bytes >= 1024 ** (power + 1) && power < names.length - 1) power++;
  const tenths = Math.floor((bytes / 1024 ** power) * 10) / 10;
  return `${tenths}${names[power]}`;
}

/**
 * Prints rows as text or JSON, with `v`, `h`, `s`, `help`, `bytes` and `format` as Elasticsearch's `_cat` takes them.
 */
export function catResponse<Row>(
  request: ApiRequest,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): ApiResponse {
  const format = request.query.get('format') ?? 'text';
  if (format !== 'text' && format !== 'json') throw unsupported(`the format [${format}]`);
  if (request.flag('help', false)) {
    return { text: columns.map(({ name, aliases }) => `${name} | ${(aliases ?? []).join(',')} |  \n`).join('') };
  }
  const shown = chooseColumns(columns, request.query.get('h'));
  const bytes = request.query.get('bytes');
  const cell = (column: Column<Row>, row: Row): string | null => {
    const value = column.value(row);
    if (value === null) return null;
    return column.isBytes ? formatBytes(Number(value), bytes) : String(value);
  };
  const sorted = sortRows(columns, rows, request.query.get('s'));
  if (format === 'json') {
    return {
      json: sorted.map((row) => Object.fromEntries(shown.map(({ name, column }) => [name, cell(column, row)]))),
    };
  }
  const lines = sorted.map((row) => shown.map(({ column }) => cell(column, row) ?? ''));
  if (request.flag('v', false)) lines.unshift(shown.map(({ name }) => name));
  const widths = shown.map((_, i) => Math.max(...lines.map((line) => (line[i] as string).length), 0));
  const text = lines.map(
    (line) =>
      line
        .map((value, i) =>
          shown[i]?.column.alignRight ? value.padStart(widths[i] as number) : value.padEnd(widths[i] as number),
        )
        .join(' ')
        .trimEnd() + '\n',
  );
  return { text: text.join('') };
}

interface Shown<Row> {
  readonly name: string;
  readonly column: Column<Row>;
}

const findColumn = <Row>(columns: readonly Column<Row>[], name: string): Column<Row> | undefined =>
  columns.find((column) => column.name === name || column.aliases?.includes(name));

function chooseColumns<Row>(columns: readonly Column<Row>[], wanted: string | undefined): Shown<Row>[] {
  if (wanted === undefined) return columns.filter((c) => !c.optional).map((column) => ({ name: column.name, column }));
  const chosen: Shown<Row>[] = [];
  for (const name of wanted.split(',')) {
    const matching =
      name === '*' || name.includes('*')
        ? columns.filter((column) =>
            new RegExp(`^${name.replaceAll('.', '\\.').replaceAll('*', '.*')}$`).test(column.name),
          )
        : [findColumn(columns, name)];
    for (const column of matching) {
      if (column) chosen.push({ name: name.includes('*') ? column.name : name, column });
    }
  }
  return chosen;
}

function sortRows<Row>(columns: readonly Column<Row>[], rows: readonly Row[], by: string | undefined): Row[] {
  if (by === undefined) return [...rows];
  const keys = by.split(',').map((entry) => {
    const [name = '', order = 'asc'] = entry.split(':');
    const column = findColumn(columns, name);
    if (column === undefined) {
      throw illegalArgument(`Unable to sort by unknown sort key \`${name}\``);
    }
    return { column, sign: order === 'desc' ? -1 : 1 };
  });
  return [...rows].sort((a, b) => {
    for (const { column, sign } of keys) {
      const [x, y] = [column.value(a), column.value(b)];
      if (x === y) continue;
      if (x === null || y === null) return x === null ? 1 : -1;
      return x < y ? -sign : sign;
    }
    return 0;
  });
}
