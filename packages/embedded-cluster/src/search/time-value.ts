import { illegalArgument } from '../elasticsearch-error';

const UNITS: Readonly<Record<string, number>> = {
  nanos: 1e-6,
  micros: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Reads a time value such as `30s`, in ms. Throws Elasticsearch's 400 for anything else. */
export function parseTimeValue(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(nanos|micros|ms|s|m|h|d)$/.exec(text.trim().toLowerCase());
  if (match === null) {
    throw illegalArgument(`failed to parse [${text}]`);
  }
  return Number(match[1]) * (UNITS[match[2] as string] as number);
}

/** Prints a time value as Elasticsearch does in messages: in the largest unit that fits. */
export function formatTimeValue(ms: number): string {
  for (const unit of ['d', 'h', 'm', 's']) {
    const size = UNITS[unit] as number;
    if (ms >= size) return `${Number((ms / size).toFixed(1))}${unit}`;
  }
  return `${ms}ms`;
}
