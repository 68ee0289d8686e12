/**
 * Tables of fields. A request's query and body are each described by one table, with a row per field. The row decides
 * how the field is read and which error refuses it, and test/api/documented-fields.test.ts prints docs/api.md from the
 * rows.
 */
import { illegal } from '../http/illegal-argument';

/** A kind of value that a field can have. */
export interface Kind<Given, Value> {
  /** Name of the kind in docs/api.md. */
  readonly form: string;
  /** Value of a field that the request does not give. */
  readonly otherwise: Value;
  /** Converts what the request gives. Throws `illegal_argument_exception` when the field cannot have this value. */
  readonly read: (given: Given, name: string) => Value;
}

/** A row of a table; its key is the name of the field. */
export interface Field<Given, Value> {
  readonly kind: Kind<Given, Value>;
  /** Meaning in docs/api.md, in Markdown. */
  readonly meaning: string;
}

/** Rows by the name of the field, in the order in which they are read and documented. */
export type FieldTable<Given> = Readonly<Record<string, Field<Given, unknown>>>;

/** Values that a table's fields have, by camel-case name. Fields that are {@link unread} are left out. */
export type Parsed<Table> = {
  readonly [Name in keyof Table & string as ValueOf<Table[Name]> extends undefined ? never : CamelCase<Name>]: ValueOf<
    Table[Name]
  >;
};

type ValueOf<Row> = Row extends Field<never, infer Value> ? Value : never;

type CamelCase<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name;

/**
 * Reads every field of a table, in the order of its rows. `given` returns what the request has for a name; undefined
 * stands for the default. Throws the error of the first row that refuses its value.
 */
export function readFields<Given, Table extends FieldTable<Given>>(
  table: Table,
  given: (name: keyof Table & string) => Given | undefined,
): Parsed<Table> {
  const values = Object.entries(table).map(([name, { kind }]) => {
    const one = given(name);
    return [camelCase(name), one === undefined ? kind.otherwise : kind.read(one, name)] as const;
  });
  return Object.fromEntries(values.filter(([, value]) => value !== undefined)) as Parsed<Table>;
}

/** Returns a kind for a field that is accepted with any value and not read. */
export function unread<Given>(): Kind<Given, undefined> {
  return { form: 'any', otherwise: undefined, read: () => undefined };
}

/** Returns `kind` with every value converted, the default too. */
export function mapped<Given, Value, Result>(
  kind: Kind<Given, Value>,
  convert: (value: Value) => Result,
): Kind<Given, Result> {
  return {
    form: kind.form,
    otherwise: convert(kind.otherwise),
    read: (given, name) => convert(kind.read(given, name)),
  };
}

/** Returns `kind` without the values for which `refusal` returns a message. The default must not be one of them. */
export function refusing<Given, Value>(
  kind: Kind<Given, Value>,
  refusal: (value: Value) => string | undefined,
): Kind<Given, Value> {
  return mapped(kind, (value) => {
    const message = refusal(value);
    if (message !== undefined) throw illegal(message);
    return value;
  });
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
