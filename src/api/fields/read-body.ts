import { type JsonBody } from '../http/body';
import { illegal } from '../http/illegal-argument';
import { type Member } from './body-kinds';
import { type Field, type Parsed, readFields } from './field-table';

/** A row of a body's table. */
interface BodyField extends Field<Member, unknown> {
  /** A second spelling of the name. */
  readonly alias?: string;
}

export type BodyTable = Readonly<Record<string, BodyField>>;

/**
 * Reads a body by its table; null counts as missing. Throws `illegal_argument_exception` for a field without a row, and
 * the error of the row for a value that the field cannot have.
 */
export function readBody<Table extends BodyTable>(body: JsonBody, table: Table): Parsed<Table> {
  const rows: BodyTable = table;
  refuseUnknown(body, rows);
  refuseTwice(body, rows);
  return readFields<Member, Table>(table, (name) => memberOf(body, name, rows[name]?.alias));
}

function refuseUnknown({ members }: JsonBody, table: BodyTable): void {
  const known = Object.entries(table).flatMap(([name, { alias }]) => (alias === undefined ? [name] : [name, alias]));
  const unknown = [...members.keys()].filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const shown = unknown.map((name) => `[${name}]`).join(', ');
  throw illegal(`Unknown parameter ${shown}; the request body knows [${known.join(', ')}]`);
}

function refuseTwice({ members }: JsonBody, table: BodyTable): void {
  for (const [name, { alias }] of Object.entries(table)) {
    if (alias !== undefined && members.has(name) && members.has(alias)) {
      throw illegal(`[${name}] and [${alias}] are the same: give one`);
    }
  }
}

function memberOf(body: JsonBody, name: string, alias: string | undefined): Member | undefined {
  const spelt = alias !== undefined && body.members.has(alias) ? alias : name;
  const value = body.members.get(spelt);
  return value === undefined || value === null ? undefined : { value, raw: () => body.raw(spelt) };
}
