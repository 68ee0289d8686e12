/** Kinds of query parameters, each as lenient as Elasticsearch is and no more. */
import { type SnapkeepError } from '../../contracts/errors';
import { splitNames } from '../../elasticsearch/name-lists';
import { isTimeValue, parseByteSize, parseTimeValue } from '../../elasticsearch/values';
import { illegal } from '../http/illegal-argument';
import { type Kind } from './field-table';

type ParameterKind<Value> = Kind<string, Value>;

/** Accepts `true` and `false`; the name without a value means `true`. */
export function boolean(otherwise: boolean): ParameterKind<boolean> {
  return {
    form: 'boolean',
    otherwise,
    read(value) {
      if (value === '' || value === 'true') return true;
      if (value === 'false') return false;
      throw illegal(`Failed to parse value [${value}] as only [true] or [false] are allowed.`);
    },
  };
}

/** Accepts an integer of at most nine digits. */
export function integer(otherwise: number): ParameterKind<number> {
  return {
    form: 'integer',
    otherwise,
    read(value, name) {
      if (/^-?\d{1,9}$/.test(value)) return Number(value);
      throw illegal(`Failed to parse int parameter [${name}] with value [${value}]`);
    },
  };
}

/** Accepts one of `allowed`. */
export function choice<const One extends string>(allowed: readonly One[], otherwise: NoInfer<One>): ParameterKind<One> {
  return {
    form: allowed.map((one) => `\`${one}\``).join(', '),
    otherwise,
    read(value, name) {
      const found = allowed.find((one) => one === value);
      if (found === undefined) throw illegal(`unknown value [${value}] of [${name}]: one of [${allowed.join(', ')}]`);
      return found;
    },
  };
}

/** Accepts any text. */
export const text: ParameterKind<string | undefined> = { form: 'text', otherwise: undefined, read: (value) => value };

/** Accepts names with commas between them. */
export const names: ParameterKind<string[] | undefined> = {
  form: 'names',
  otherwise: undefined,
  read: (value) => splitNames(value),
};

/** Accepts a time with its unit, as Elasticsearch writes it. The time itself is not used. */
export const time: ParameterKind<undefined> = {
  form: 'time',
  otherwise: undefined,
  read(value, name) {
    if (!isTimeValue(value)) throw noTime(name, value);
    return undefined;
  },
};

/** Accepts a time with its unit, and returns ms. */
export function duration(otherwise: number): ParameterKind<number> {
  return {
    form: 'time',
    otherwise,
    read(value, name) {
      const ms = parseTimeValue(value);
      if (ms === undefined) throw noTime(name, value);
      return ms;
    },
  };
}

/** Accepts a size with its unit, and returns bytes. */
export function byteSize(otherwise: number): ParameterKind<number> {
  return { form: 'size', otherwise, read: (value, name) => parseByteSize(name, value) };
}

function noTime(name: string, value: string): SnapkeepError {
  return illegal(
    `failed to parse setting [${name}] with value [${value}] as a time value: unit is missing or unrecognized`,
  );
}
