/** Sizes and times as Elasticsearch prints them with `human=true`. */

const SIZES = [
  ['pb', 1024 ** 5],
  ['tb', 1024 ** 4],
  ['gb', 1024 ** 3],
  ['mb', 1024 ** 2],
  ['kb', 1024],
] as const;

const TIMES = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const;

/** `1.5mb`, `512b`. */
export function byteSize(bytes: number): string {
  return withUnit(bytes, SIZES, 'b');
}

/** `1.5s`, `20ms`. */
export function timeValue(millis: number): string {
  return withUnit(millis, TIMES, 'ms');
}

function withUnit(value: number, units: readonly (readonly [string, number])[], least: string): string {
  const [unit, factor] = units.find(([, one]) => value >= one) ?? [least, 1];
  const tenths = Math.floor((value / factor) * 10) / 10;
  return `${tenths}${unit}`;
}
