/**
 * docs/api.md holds what the tables of src/api/requests say. After a change of a table print them again with
 * UPDATE_DOCS=1 npx jest test/api/documented-fields.test.ts
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type BodyTable } from '../../src/api/fields/read-body';
import { EVERY_REQUEST, type ParameterTable } from '../../src/api/fields/read-parameters';
import { type RequestTable } from '../../src/api/requests/request-table';

const ROOT = resolve(__dirname, '../..');
const DOCUMENT = join(ROOT, 'docs/api.md');
/** `<!-- fields: NAME -->`, what is printed, and the end. */
const BLOCK = /(<!-- fields: (\w+) -->\n)[^]*?(<!-- end of fields -->)/g;

/** The tables by the names they are exported under. */
function requestTables(): Map<string, RequestTable> {
  const folder = join(ROOT, 'src/api/requests');
  const exported = readdirSync(folder).flatMap((file) =>
    Object.entries(jest.requireActual<Record<string, unknown>>(join(folder, file))),
  );
  return new Map(exported.filter((entry): entry is [string, RequestTable] => isRequestTable(entry[1])));
}

function isRequestTable(value: unknown): value is RequestTable {
  return typeof value === 'object' && value !== null && 'request' in value && 'parameters' in value;
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |\n`;
}

function rowsOf(table: ParameterTable | BodyTable): string[][] {
  return Object.entries(table).map(([name, field]) => {
    const alias = 'alias' in field ? `, \`${field.alias}\`` : '';
    const { form, otherwise } = field.kind;
    const shown =
      typeof otherwise === 'object' || otherwise === undefined || otherwise === '' ? '' : `\`${otherwise}\``;
    return [`\`${name}\`${alias}`, form, shown, field.meaning];
  });
}

function printBody({ body = {} }: RequestTable): string {
  const head = [
    ['field', 'value', 'default', ''],
    ['---', '---', '---', '---'],
  ];
  return [...head, ...rowsOf(body)].map(row).join('');
}

function printParameters(tables: Iterable<RequestTable>): string {
  const every = rowsOf(EVERY_REQUEST).map((cells) => ['every request', ...cells]);
  const own = [...tables].flatMap(({ request, parameters }) =>
    rowsOf(parameters).map((cells) => [`\`${request}\``, ...cells]),
  );
  const head = [
    ['request', 'parameter', 'value', 'default', ''],
    ['---', '---', '---', '---', '---'],
  ];
  const named = [...every, ...own].map(([request = '', ...cells], i, all) => [
    request === all[i - 1]?.[0] ? '' : request,
    ...cells,
  ]);
  return [...head, ...named].map(row).join('');
}

describe('docs/api.md', () => {
  const tables = requestTables();
  const printed = new Map([
    ['PARAMETERS', printParameters(tables.values())],
    ...[...tables].flatMap(([name, table]) =>
      table.body === undefined ? [] : [[name, printBody(table)] as [string, string]],
    ),
  ]);
  const update = (text: string): string =>
    text.replace(BLOCK, (whole, begin: string, name: string, end: string) => {
      const table = printed.get(name);
      return table === undefined ? whole : `${begin}\n${table}\n${end}`;
    });

  beforeAll(() => {
    if (process.env.UPDATE_DOCS === '1') writeFileSync(DOCUMENT, update(readFileSync(DOCUMENT, 'utf8')));
  });

  it('has a place for every table', () => {
    const places = [...readFileSync(DOCUMENT, 'utf8').matchAll(BLOCK)].map(([, , name]) => name);
    expect(places.sort()).toEqual([...printed.keys()].sort());
  });

  it('is as the tables print it; UPDATE_DOCS=1 npx jest test/api/documented-fields.test.ts prints it again', () => {
    const text = readFileSync(DOCUMENT, 'utf8');
    expect(text).toBe(update(text));
  });
});
