/**
 * Parses cron expressions of Quartz, which Elasticsearch uses: seconds, minutes, hours, day of month, month, day of
 * week and, optionally, year. Their rules are in Elasticsearch's reference, "Cron expressions".
 *
 * Every expression becomes calendars of plain numbers, because Temporal's schedules know nothing else. So `L`, `W` and
 * `#` become days of the month for each length of a month, with days of the week beside them where these decide.
 */
import { type Calendar, FIRST_YEAR, LAST_YEAR } from './calendar';
import { CronError, type CronField, DAYS, MONTHS, numbered, oneValue, parseField } from './cron-field';

const SECOND: CronField = { name: 'seconds', min: 0, max: 59 };
const MINUTE: CronField = { name: 'minutes', min: 0, max: 59 };
const HOUR: CronField = { name: 'hours', min: 0, max: 23 };
const DAY_OF_MONTH: CronField = { name: 'day of month', min: 1, max: 31 };
const MONTH: CronField = { name: 'month', min: 1, max: 12, names: MONTHS };
const DAY_OF_WEEK: CronField = { name: 'day of week', min: 1, max: 7, names: numbered(DAYS, 1) };
const YEAR: CronField = { name: 'year', min: FIRST_YEAR, max: LAST_YEAR };

const MAX_LENGTH = 1_000;

/** The days on which an expression matches, as a part of a {@link Calendar}. */
type Days = Pick<Calendar, 'dayOfMonth' | 'dayOfWeek'>;
type Months = Pick<Calendar, 'month' | 'year'>;

/** Returns the calendars of an expression, at least one. Throws {@link CronError} that names the field. */
export function parseQuartzCron(expression: string): Calendar[] {
  if (expression.length > MAX_LENGTH) throw new CronError(`more than [${MAX_LENGTH}] characters`);
  const [second, minute, hour, dayOfMonth, month, dayOfWeek, year = '*', ...more] = expression
    .toUpperCase()
    .split(/[ \t]+/)
    .filter((part) => part !== '');
  if (
    second === undefined ||
    minute === undefined ||
    hour === undefined ||
    dayOfMonth === undefined ||
    month === undefined ||
    dayOfWeek === undefined ||
    more.length > 0
  ) {
    throw new CronError(
      'six or seven fields are expected: seconds minutes hours day-of-month month day-of-week [year]',
    );
  }
  const time = {
    second: parseField(second, SECOND),
    minute: parseField(minute, MINUTE),
    hour: parseField(hour, HOUR),
  };
  const months = { month: parseField(month, MONTH), year: parseField(year, YEAR) };
  const calendars = daysOf(dayOfMonth, dayOfWeek, months).map((days) => ({ ...time, ...days }));
  if (calendars.length === 0) throw new CronError('no such day ever comes');
  return calendars;
}

function daysOf(dayOfMonth: string, dayOfWeek: string, months: Months): (Days & Months)[] {
  if ((dayOfMonth === '?') === (dayOfWeek === '?')) {
    throw new CronError('exactly one of [day of month] and [day of week] has to be [?]');
  }
  return dayOfWeek === '?' ? daysOfMonth(dayOfMonth, months) : daysOfWeek(dayOfWeek, months);
}

function daysOfMonth(text: string, months: Months): (Days & Months)[] {
  const [, last, offset = '0', day, weekday] = /^(?:(L)(?:-(\d{1,2}))?|(\d{1,2}))(W)?$/.exec(text) ?? [];
  if (last === undefined && weekday === undefined) {
    return [{ ...months, dayOfMonth: parseField(text, DAY_OF_MONTH), dayOfWeek: undefined }];
  }
  if (Number(offset) > 30) throw new CronError('[day of month] can be [L-30] at most');
  const fixed = day === undefined ? undefined : oneValue(day, text, DAY_OF_MONTH);
  return lengthsOf(months).flatMap(({ length, ...of }) => {
    const meant = fixed ?? length - Number(offset);
    if (meant < 1 || meant > length) return [];
    return (
      weekday === undefined ? [{ dayOfMonth: [meant], dayOfWeek: undefined }] : nearestWeekday(meant, length)
    ).map((days) => ({ ...of, ...days }));
  });
}

/** Returns the weekday nearest to a day within its month. Which day that is shows in the day of the week. */
function nearestWeekday(day: number, length: number): Days[] {
  const friday = day === 1 ? { dayOfMonth: [3], dayOfWeek: [1] } : { dayOfMonth: [day - 1], dayOfWeek: [5] };
  const monday = day === length ? { dayOfMonth: [day - 2], dayOfWeek: [5] } : { dayOfMonth: [day + 1], dayOfWeek: [1] };
  return [{ dayOfMonth: [day], dayOfWeek: [1, 2, 3, 4, 5] }, friday, monday];
}

function daysOfWeek(text: string, months: Months): (Days & Months)[] {
  if (text === 'L') return [{ ...months, dayOfMonth: undefined, dayOfWeek: [6] }];
  const [, day, last, nth] = /^(\w{1,3}?)(?:(L)|#(\d))$/.exec(text) ?? [];
  if (day === undefined) {
    const values = parseField(text, DAY_OF_WEEK)?.map((value) => value - 1);
    return [{ ...months, dayOfMonth: undefined, dayOfWeek: values }];
  }
  const dayOfWeek = [oneValue(day, text, DAY_OF_WEEK) - 1];
  if (last !== undefined) {
    return lengthsOf(months).map(({ length, ...of }) => ({ ...of, dayOfMonth: week(length - 6), dayOfWeek }));
  }
  if (Number(nth) < 1 || Number(nth) > 5) throw new CronError('[day of week] takes [#1] to [#5]');
  return [{ ...months, dayOfMonth: week(Number(nth) * 7 - 6).filter((value) => value <= 31), dayOfWeek }];
}

function week(first: number): number[] {
  return Array.from({ length: 7 }, (_, i) => first + i);
}

/** Splits months by their length; those of February by years. Leaves out lengths that none of the months has. */
function lengthsOf({ month, year }: Months): (Months & { readonly length: number })[] {
  const chosen = (of: readonly number[]): number[] => of.filter((one) => month?.includes(one) ?? true);
  const years = year ?? Array.from({ length: LAST_YEAR - FIRST_YEAR + 1 }, (_, i) => FIRST_YEAR + i);
  return [
    { length: 31, month: chosen([1, 3, 5, 7, 8, 10, 12]), year },
    { length: 30, month: chosen([4, 6, 9, 11]), year },
    { length: 29, month: chosen([2]), year: years.filter(isLeap) },
    { length: 28, month: chosen([2]), year: years.filter((one) => !isLeap(one)) },
  ].filter((one) => one.month.length > 0 && one.year?.length !== 0);
}

function isLeap(year: number): boolean {
  return new Date(Date.UTC(year, 1, 29)).getUTCDate() === 29;
}
