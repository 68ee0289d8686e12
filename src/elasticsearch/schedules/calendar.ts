/** Calendars: what a cron expression means, as sets of values of each field. A time matches if all fields do. */
import { zoneOffset } from '../time-zone';

/** Values that a field of the time may have, ascending; undefined: any. */
type Values = readonly number[] | undefined;

export interface Calendar {
  readonly second: Values;
  readonly minute: Values;
  readonly hour: Values;
  readonly dayOfMonth: Values;
  /** 1 to 12. */
  readonly month: Values;
  /** 0 to 6, from Sunday on. */
  readonly dayOfWeek: Values;
  readonly year: Values;
}

/** The years that Temporal's calendars know; no time outside them is found. */
export const FIRST_YEAR = 2000;
export const LAST_YEAR = 2100;

const DAY_MS = 86_400_000;

/**
 * Returns the first time after `after` that a calendar matches by the wall clock of `zone`, in ms since the epoch;
 * undefined when there is none. A wall clock time that a change of the clocks leaves out is never returned.
 */
export function nextTime(calendars: readonly Calendar[], after: number, zone = 'UTC'): number | undefined {
  const found = calendars.map((calendar) => nextOf(calendar, after, zone)).filter((time) => time !== undefined);
  return found.length === 0 ? undefined : Math.min(...found);
}

function nextOf(calendar: Calendar, after: number, zone: string): number | undefined {
  // The wall clock is stored as if it were UTC.
  let wall = after + zoneOffset(zone, after);
  for (;;) {
    const next = nextOnWall(calendar, wall);
    if (next === undefined) return undefined;
    const time = next - zoneOffset(zone, next - zoneOffset(zone, next));
    if (time > after && time + zoneOffset(zone, time) === next) return time;
    wall = next;
  }
}

function nextOnWall(calendar: Calendar, after: number): number | undefined {
  const from = Math.floor(after / 1000) * 1000 + 1000;
  for (let day = Math.floor(from / DAY_MS) * DAY_MS; ; day += DAY_MS) {
    const date = new Date(day);
    if (date.getUTCFullYear() > LAST_YEAR) return undefined;
    if (!matchesDay(calendar, date)) continue;
    const time = nextOfDay(calendar, Math.max(from - day, 0) / 1000);
    if (time !== undefined) return day + time * 1000;
  }
}

function matchesDay({ year, month, dayOfMonth, dayOfWeek }: Calendar, date: Date): boolean {
  return (
    isIn(month, date.getUTCMonth() + 1) &&
    isIn(dayOfMonth, date.getUTCDate()) &&
    isIn(dayOfWeek, date.getUTCDay()) &&
    isIn(year, date.getUTCFullYear())
  );
}

/** Returns the first matching second of a day that is not before `from`. */
function nextOfDay({ hour, minute, second }: Calendar, from: number): number | undefined {
  for (let h = Math.floor(from / 3600); h < 24; h++) {
    if (!isIn(hour, h)) continue;
    for (let m = Math.max(0, Math.floor((from - h * 3600) / 60)); m < 60; m++) {
      if (!isIn(minute, m)) continue;
      for (let s = Math.max(0, from - h * 3600 - m * 60); s < 60; s++) {
        if (isIn(second, s)) return h * 3600 + m * 60 + s;
      }
    }
  }
  return undefined;
}

function isIn(values: Values, value: number): boolean {
  return values === undefined || values.includes(value);
}
