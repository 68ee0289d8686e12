import { isUtf8 } from 'node:buffer';
import { ElasticsearchError, illegalArgument, unsupported, validationError } from '../elasticsearch-error';
import {
  type Action,
  checkConditions,
  type ItemRequest,
  noSource,
  notUtf8,
  parseUpdate,
  parseVersionType,
  sourceFault,
} from './item-request';
import type { WriteConditions } from './plan-operation';

/** What the URL of a bulk says about items that do not say it themselves. */
interface BulkDefaults {
  readonly index: string | undefined;
  readonly routing: string | undefined;
  readonly requireAlias: boolean;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type MutableItem = Mutable<ItemRequest>;

const UNCONDITIONAL: WriteConditions = {};
const ACTIONS = new Set<string>(['index', 'create', 'update', 'delete']);
const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Nothing but spaces. */
const isBlank = (body: Buffer, from: number, to: number): boolean => {
  for (let i = from; i < to; i++) if (body[i] !== 0x20 && body[i] !== RETURN && body[i] !== 0x09) return false;
  return true;
};

/**
 * Yields the items of a `_bulk` body, one at a time, so that the caller can pause. Sources are views on the body.
 * Throws the 400 that Elasticsearch gives for the whole request; faults of one document are in its item.
 */
export function* parseBulk(body: Buffer, defaults: BulkDefaults): Generator<ItemRequest> {
  if (body[body.length - 1] !== NEWLINE)
    throw illegalArgument('The bulk request must be terminated by a newline [\\n]');
  const allUtf8 = isUtf8(body);
  let line = 0;
  let at = 0;
  while (at < body.length) {
    const actionEnd = body.indexOf(NEWLINE, at);
    const actionStart = at;
    at = actionEnd + 1;
    line++;
    if (isBlank(body, actionStart, actionEnd)) continue;
    const header = parseActionLine(body.subarray(actionStart, actionEnd), line, defaults);
    if (header.action === 'delete') {
      yield header;
      continue;
    }
    if (at >= body.length) break;
    let sourceEnd = body.indexOf(NEWLINE, at);
    const next = sourceEnd + 1;
    if (body[sourceEnd - 1] === RETURN) sourceEnd--;
    const source = body.subarray(at, sourceEnd);
    at = next;
    line++;
    if (header.action === 'update') header.update = parseUpdate(source);
    else {
      header.source = source;
      header.fault ??= sourceFault(source) ?? (allUtf8 || isUtf8(source) ? undefined : notUtf8());
    }
    yield header;
  }
}

function parseActionLine(text: Buffer, line: number, defaults: BulkDefaults): MutableItem {
  const malformed = (why: string): ElasticsearchError =>
    illegalArgument(`Malformed action/metadata line [${line}], ${why}`);
  const json = text.toString('utf8');
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (error) {
    throw new ElasticsearchError(
      'x_content_parse_exception',
      `[${line}:1] malformed action/metadata line: ${error instanceof Error ? error.message : String(error)}`,
      400,
    );
  }
  if (typeof parsed !== 'object' || parsed === null) throw malformed('expected START_OBJECT but found [VALUE]');
  if (Array.isArray(parsed)) throw malformed('expected START_OBJECT but found [START_ARRAY]');
  const names = Object.keys(parsed);
  const action = names[0];
  if (action === undefined) throw malformed('expected FIELD_NAME but found [END_OBJECT]');
  if (!ACTIONS.has(action)) {
    throw malformed(`expected field [create], [delete], [index] or [update] but found [${action}]`);
  }
  if (names.length > 1) throw malformed(`expected END_OBJECT but found [FIELD_NAME]`);
  const fields = (parsed as Record<string, unknown>)[action];
  if (typeof fields !== 'object' || fields === null) throw malformed('expected START_OBJECT but found [VALUE]');
  return readFields(action as Action, fields as Record<string, unknown>, { line, json, defaults });
}

function readFields(
  given: Action,
  fields: Record<string, unknown>,
  place: { line: number; json: string; defaults: BulkDefaults },
): MutableItem {
  let action = given;
  let { index, routing, requireAlias } = place.defaults;
  let id: string | undefined;
  let conditions: Mutable<WriteConditions> | undefined;
  for (const name in fields) {
    const value = fields[name];
    if (name === '_id') id = value === null ? undefined : String(value);
    else if (name === '_index') index = String(value);
    else if (name === 'routing' || name === '_routing') routing = value === null ? undefined : String(value);
    else if (name === 'version' || name === '_version') (conditions ??= {}).version = exactInteger(value, place.json);
    else if (name === 'version_type' || name === '_version_type') {
      (conditions ??= {}).versionType = parseVersionType(String(value).toLowerCase());
    } else if (name === 'if_seq_no') (conditions ??= {}).ifSeqNo = Number(value);
    else if (name === 'if_primary_term') (conditions ??= {}).ifPrimaryTerm = Number(value);
    else if (name === 'require_alias') requireAlias = value === true || value === 'true';
    else if (name === 'op_type' && action === 'index') action = value === 'create' ? 'create' : 'index';
    else if (name === 'pipeline' && value !== '_none') throw unsupported('ingest pipelines');
    else if (name !== 'pipeline' && name !== 'retry_on_conflict' && name !== 'list_executed_pipelines') {
      throw illegalArgument(`Action/metadata line [${place.line}] contains an unknown parameter [${name}]`);
    }
  }
  if (index === undefined) throw validationError('index is missing');
  if (id === undefined && (action === 'delete' || action === 'update')) throw validationError('id is missing');
  checkConditions(action, id, conditions ?? UNCONDITIONAL);
  return {
    action,
    index,
    id,
    routing,
    conditions: action === 'create' ? { ...conditions, create: true } : (conditions ?? UNCONDITIONAL),
    requireAlias,
    source: noSource,
    update: undefined,
    fault: id === '' ? illegalArgument('if _id is specified it must not be empty') : undefined,
  };
}

/** A version is a long: where a double cannot hold it, its digits are taken from the text. */
function exactInteger(value: unknown, json: string): bigint {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    const digits = /"_?version"\s*:\s*(-?\d+)/.exec(json)?.[1];
    if (digits !== undefined) return BigInt(digits);
  }
  if (typeof value !== 'number' && typeof value !== 'string') throw illegalArgument(`failed to parse version`);
  if (!/^-?\d+$/.test(String(value))) throw illegalArgument(`failed to parse version [${value}]`);
  return BigInt(value);
}
