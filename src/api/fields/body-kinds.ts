/** Kinds of body fields, each as lenient as Elasticsearch is and no more. */
import { splitNames } from '../../elasticsearch/name-lists';
import { illegal } from '../http/illegal-argument';
import { type Kind } from './field-table';

/** A member of a body that is neither missing nor null. */
export interface Member {
  readonly value: unknown;
  /** Returns the JSON text of the value, byte for byte as it was sent. */
  readonly raw: () => string | undefined;
}

export type BodyKind<Value> = Kind<Member, Value>;

/** Names in one list at most: as many as the largest clusters have indices. */
const MAX_NAMES = 20_000;

/** Accepts `true` and `false`, also as text. */
export function boolean(otherwise: boolean): BodyKind<boolean> {
  return {
    form: 'boolean',
    otherwise,
    read({ value }, name) {
      if (value === true || value === 'true') return true;
      if (value === false || value === 'false') return false;
      throw illegal(`Failed to parse value [${shown(value)}] of [${name}] as only [true] or [false] are allowed.`);
    },
  };
}

/** Accepts a list of names, or text with commas. An empty list counts as missing. */
export const names: BodyKind<string[] | undefined> = {
  form: 'text or list',
  otherwise: undefined,
  read({ value }, name) {
    const parts: unknown[] = Array.isArray(value) ? value : [value];
    if (!parts.every((part): part is string => typeof part === 'string')) {
      throw illegal(`malformed ${name} section, should be an array of strings`);
    }
    const list = parts.flatMap(splitNames);
    if (list.length > MAX_NAMES) {
      throw illegal(`[${name}] has [${list.length}] names, and [${MAX_NAMES}] are the most`);
    }
    return list.length === 0 ? undefined : list;
  },
};

/** Accepts text. */
export const text: BodyKind<string | undefined> = {
  form: 'text',
  otherwise: undefined,
  read({ value }, name) {
    if (typeof value === 'string') return value;
    throw illegal(`malformed ${name}, should be a string`);
  },
};

/** Accepts an integer, also as text. */
export const integer: BodyKind<number | undefined> = {
  form: 'integer',
  otherwise: undefined,
  read({ value }, name) {
    const number = typeof value === 'string' && /^-?\d{1,9}$/.test(value) ? Number(value) : value;
    if (Number.isSafeInteger(number)) return number as number;
    throw illegal(`Failed to parse value [${shown(value)}] of [${name}] as an integer`);
  },
};

/** Accepts an object; a missing one is empty. */
export const object: BodyKind<Readonly<Record<string, unknown>>> = {
  form: 'object',
  otherwise: {},
  read: ({ value }, name) => objectIn(value, name),
};

/** Accepts an object, and returns its JSON text byte for byte as it was sent. */
export const rawObject: BodyKind<string | undefined> = {
  form: 'object',
  otherwise: undefined,
  read({ value, raw }, name) {
    objectIn(value, name);
    return raw();
  },
};

function objectIn(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw illegal(`malformed ${name} section, should be an object`);
}

function shown(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
