import { type Request } from 'express';
import { illegal } from '../http/illegal-argument';
import { queryOf } from '../http/query';
import { type FieldTable, type Parsed, readFields, unread } from './field-table';
import { time } from './parameter-kinds';

export type ParameterTable = FieldTable<string>;

const TIMEOUT = { kind: time, meaning: 'accepted; Snapkeep has deadlines of its own' };

/** Parameters that every request accepts, as in Elasticsearch. send-answer reads those about printing. */
export const EVERY_REQUEST = {
  pretty: { kind: unread(), meaning: 'prints the answer with line breaks' },
  human: { kind: unread(), meaning: 'adds sizes and times for people' },
  error_trace: { kind: unread(), meaning: 'accepted' },
  filter_path: { kind: unread(), meaning: 'prints only these parts of the answer' },
  format: { kind: unread(), meaning: '`json`, `yaml` or `cbor`; others count as JSON, in tables as text' },
  master_timeout: TIMEOUT,
  cluster_manager_timeout: TIMEOUT,
  timeout: TIMEOUT,
} satisfies ParameterTable;

/**
 * Reads the query of a request by its table. Throws `illegal_argument_exception` for a parameter without a row, and the
 * error of the row for a value that the parameter cannot have.
 */
export function readParameters<Table extends ParameterTable>(
  request: Pick<Request, 'originalUrl' | 'path'>,
  table: Table,
): Parsed<Table> {
  const query = queryOf(request);
  const unknown = [...query.keys()].filter(
    (name) => !Object.hasOwn(EVERY_REQUEST, name) && !Object.hasOwn(table, name),
  );
  if (unknown.length > 0) {
    const shown = unknown.map((name) => `[${name}]`).join(', ');
    throw illegal(
      `request [${request.path}] contains unrecognized parameter${unknown.length > 1 ? 's' : ''}: ${shown}`,
    );
  }
  readFields<string, typeof EVERY_REQUEST>(EVERY_REQUEST, (name) => query.get(name));
  return readFields<string, Table>(table, (name) => query.get(name));
}
