/** Parses the fields of cron expressions that are written alike in all dialects. */

/** A cron expression that can't be used. The message names the field. */
export class CronError extends Error {
  override readonly name = 'CronError';
}

/** A field of a cron expression. */
export interface CronField {
  /** Name in messages. */
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Names of values, in upper case. */
  readonly names?: ReadonlyMap<string, number>;
}

/** Returns the names with numbers from `first` on. */
export function numbered(names: readonly string[], first: number): ReadonlyMap<string, number> {
  return new Map(names.map((name, i) => [name, first + i]));
}

export const MONTHS = numbered(['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'], 1);
export const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

/**
 * Returns the values of a field, ascending; undefined for `*`. A field is a list of `a`, `a-b`, `a/step`, `a-b/step`,
 * `*` and an asterisk with a step; a range may go over the end, as `22-2`. Throws {@link CronError}.
 */
export function parseField(text: string, field: CronField): readonly number[] | undefined {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    if (part === '*') return undefined;
    for (const value of partValues(part, field)) values.add(value);
  }
  return [...values].sort((a, b) => a - b);
}

function partValues(part: string, field: CronField): number[] {
  const { name, min, max } = field;
  const [, range, step] = /^([^/]*)(?:\/(\d{1,4}))?$/.exec(part) ?? [];
  if (range === undefined) throw new CronError(`[${name}] can't be [${part}]`);
  const by = step === undefined ? undefined : Number(step);
  if (by !== undefined && by > max) throw new CronError(`[${name}] can't have the increment [${by}]`);
  if (range === '*' || (range === '' && by !== undefined)) return every(min, max, by ?? 1);
  const [from, to, ...more] = range.split('-').map((value) => oneValue(value, part, field));
  if (from === undefined || more.length > 0) throw new CronError(`[${name}] can't be [${part}]`);
  if (to === undefined) return by === undefined ? [from] : every(from, max, by);
  if (to >= from) return every(from, to, by ?? 1);
  return every(from, to + (max - min + 1), by ?? 1).map((value) => (value > max ? value - (max - min + 1) : value));
}

/** Returns the value that a number or name means. Throws {@link CronError}. */
export function oneValue(text: string, part: string, { name, min, max, names }: CronField): number {
  const named = names?.get(text);
  if (named !== undefined) return named;
  const value = /^\d{1,4}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new CronError(`[${name}] can't be [${part}]: its values are [${min}] to [${max}]`);
}

/** An increment of 0 means the first value alone, as in Quartz. */
function every(from: number, to: number, step: number): number[] {
  if (step === 0) return [from];
  const values: number[] = [];
  for (let value = from; value <= to; value += step) values.push(value);
  return values;
}
