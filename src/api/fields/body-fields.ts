/** Values of body fields, as leniently as Elasticsearch takes them and no further. */
import { SnapkeepError } from '../../contracts/errors';
import { splitNames } from '../../elasticsearch/name-lists';

/** Throws `illegal_argument_exception` naming the fields that are not known. */
export function refuseUnknown(members: ReadonlyMap<string, unknown>, known: readonly string[]): void {
  const unknown = [...members.keys()].filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const shown = unknown.map((name) => `[${name}]`).join(', ');
  throw illegal(`Unknown parameter ${shown}; the request body knows [${known.join(', ')}]`);
}

/** `true`, `false`, or one of them as text. */
export function booleanField(name: string, value: unknown, otherwise: boolean): boolean {
  if (value === undefined || value === null) return otherwise;
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  throw illegal(`Failed to parse value [${shown(value)}] of [${name}] as only [true] or [false] are allowed.`);
}

/** Names in one list at most, as many as the largest clusters have indices. */
const MAX_NAMES = 20_000;

/** Names as a list or as text with commas; undefined for none at all. */
export function namesField(name: string, value: unknown): string[] | undefined {
  if (value === undefined || value === null) return undefined;
  const parts: unknown[] = Array.isArray(value) ? value : [value];
  if (!parts.every((part): part is string => typeof part === 'string')) {
    throw illegal(`malformed ${name} section, should be an array of strings`);
  }
  const names = parts.flatMap(splitNames);
  if (names.length > MAX_NAMES) throw illegal(`[${name}] has [${names.length}] names, and [${MAX_NAMES}] are the most`);
  return names.length === 0 ? undefined : names;
}

export function textField(name: string, value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  throw illegal(`malformed ${name}, should be a string`);
}

/** Throws unless the value is an object, or not there. */
export function checkObject(name: string, value: unknown): void {
  if (value === undefined || value === null) return;
  if (typeof value !== 'object' || Array.isArray(value))
    throw illegal(`malformed ${name} section, should be an object`);
}

const WILDCARD_STATES = ['all', 'open', 'closed', 'hidden', 'none'];

/** `expand_wildcards` as text with commas. */
export function wildcardsField(value: unknown): string | undefined {
  const states = namesField('expand_wildcards', value);
  const wrong = states?.find((state) => !WILDCARD_STATES.includes(state));
  if (wrong !== undefined) throw illegal(`No valid expand wildcard value [${wrong}]`);
  return states?.join(',');
}

/** Feature states are system indices, which a snapshot over HTTP does not see as such. */
export function refuseFeatureStates(value: unknown): void {
  const states = namesField('feature_states', value);
  if (states === undefined || (states.length === 1 && states[0] === 'none')) return;
  throw illegal('[feature_states] other than [none] are not supported by Snapkeep');
}

export function illegal(message: string): SnapkeepError {
  return new SnapkeepError('illegal_argument_exception', message);
}

function shown(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
