import { type Calendar } from './calendar';
import { CronError, type CronField, DAYS, MONTHS, numbered, parseField } from './cron-field';

const MINUTE: CronField = { name: 'minutes', min: 0, max: 59 };
const HOUR: CronField = { name: 'hours', min: 0, max: 23 };
const DAY_OF_MONTH: CronField = { name: 'day of month', min: 1, max: 31 };
const MONTH: CronField = { name: 'month', min: 1, max: 12, names: MONTHS };
/** Sunday is both 0 and 7. */
const DAY_OF_WEEK: CronField = { name: 'day of week', min: 0, max: 7, names: numbered(DAYS, 0) };

/**
 * Returns the calendars of a Unix cron expression, which OpenSearch uses: minutes, hours, day of month, month, day of
 * week. If both days are restricted, either suffices. Throws {@link CronError} that names the field.
 */
export function parseUnixCron(expression: string): Calendar[] {
  const [minute, hour, day, month, weekday, ...more] = expression.trim().toUpperCase().split(/\s+/);
  if (
    minute === undefined ||
    hour === undefined ||
    day === undefined ||
    month === undefined ||
    weekday === undefined ||
    more.length > 0
  ) {
    throw new CronError('five fields are expected: minutes hours day-of-month month day-of-week');
  }
  const dayOfMonth = parseField(day, DAY_OF_MONTH);
  const days = parseField(weekday, DAY_OF_WEEK)?.map((value) => value % 7);
  const dayOfWeek = days && [...new Set(days)].sort((a, b) => a - b);
  const base = {
    second: [0],
    minute: parseField(minute, MINUTE),
    hour: parseField(hour, HOUR),
    month: parseField(month, MONTH),
    year: undefined,
  };
  if (dayOfMonth === undefined || dayOfWeek === undefined) return [{ ...base, dayOfMonth, dayOfWeek }];
  return [
    { ...base, dayOfMonth, dayOfWeek: undefined },
    { ...base, dayOfMonth: undefined, dayOfWeek },
  ];
}
