/** Parses and prints sizes, times and booleans as Elasticsearch does. */
import { SnapkeepError } from '../contracts/errors';

/** The milliseconds of each time unit of Elasticsearch, as in `30s`. */
export const TIME_UNIT_MS: Readonly<Record<string, number>> = {
  nanos: 1e-6,
  micros: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const SIZES = [
  ['pb', 1024 ** 5],
  ['tb', 1024 ** 4],
  ['gb', 1024 ** 3],
  ['mb', 1024 ** 2],
  ['kb', 1024],
] as const;

const TIMES = ['d', 'h', 'm', 's'].map((unit) => [unit, TIME_UNIT_MS[unit]!] as const);

const TIME = new RegExp(`^(-1|0|\\d+(\\.\\d+)?(${Object.keys(TIME_UNIT_MS).join('|')}))$`);

/** Returns whether a text is a time of Elasticsearch: a number with its unit, `0`, or `-1` for none. */
export function isTimeValue(text: string): boolean {
  return TIME.test(text);
}

/** Returns the ms that a time of Elasticsearch means, -1 for none; undefined if the text is no time. */
export function parseTimeValue(text: string): number | undefined {
  const [, whole, , unit] = TIME.exec(text.trim().toLowerCase()) ?? [];
  if (whole === undefined) return undefined;
  return unit === undefined ? Number(whole) : parseFloat(whole) * TIME_UNIT_MS[unit]!;
}

/** Prints a number of bytes: `1.5mb`, `512b`. */
export function byteSize(bytes: number): string {
  return withUnit(bytes, SIZES, 'b');
}

/** Prints milliseconds: `1.5s`, `20ms`, `0s`. */
export function timeValue(millis: number): string {
  return millis === 0 ? '0s' : withUnit(millis, TIMES, 'ms');
}

function withUnit(value: number, units: readonly (readonly [string, number])[], least: string): string {
  const [unit, factor] = units.find(([, one]) => value >= one) ?? [least, 1];
  const tenths = Math.floor((value / factor) * 10) / 10;
  return `${tenths}${unit}`;
}

/** Prints epoch milliseconds as an ISO 8601 time in UTC. */
export function isoTime(millis: number): string {
  return new Date(millis).toISOString();
}

const SIZE_FACTORS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['b', 1],
  ['k', 1024],
  ['kb', 1024],
  ['m', 1024 ** 2],
  ['mb', 1024 ** 2],
  ['g', 1024 ** 3],
  ['gb', 1024 ** 3],
  ['t', 1024 ** 4],
  ['tb', 1024 ** 4],
]);

/**
 * Parses a size (`500mb`, `1gb`, `1024b`; any case; no unit means bytes) to bytes. Throws
 * `illegal_argument_exception`, which names the setting, when the value is not a size.
 */
export function parseByteSize(setting: string, value: string): number {
  const [, amount, unit = ''] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(value) ?? [];
  const factor = SIZE_FACTORS.get(unit.toLowerCase());
  if (amount === undefined || factor === undefined) {
    throw new SnapkeepError(
      'illegal_argument_exception',
      `failed to parse setting [${setting}] with value [${value}] as a size in bytes: write it as [500mb] or [1gb]`,
      { details: { setting } },
    );
  }
  return Math.floor(Number(amount) * factor);
}

/** Parses `true` or `false`. Throws `illegal_argument_exception`, which names the setting, for any other value. */
export function parseBoolean(setting: string, value: string): boolean {
  if (value === 'true') return true;
  if (value === 'false') return false;
  throw new SnapkeepError(
    'illegal_argument_exception',
    `Failed to parse value [${value}] of setting [${setting}] as only [true] or [false] are allowed.`,
    { details: { setting } },
  );
}
