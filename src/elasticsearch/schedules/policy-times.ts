/** When policies run. */
import { type PolicySchedule } from '../../contracts/jobs/policy';
import { type Calendar, nextTime } from './calendar';
import { parseQuartzCron } from './quartz-cron';
import { parseUnixCron } from './unix-cron';

/** Returns the calendars of a cron schedule. Throws `CronError`. */
export function calendarsOf(schedule: Extract<PolicySchedule, { readonly cron: unknown }>): Calendar[] {
  return schedule.cron === 'quartz' ? parseQuartzCron(schedule.expression) : parseUnixCron(schedule.expression);
}

/** Returns the first time of a schedule after `after`, in ms since the epoch; undefined if there is none. */
export function nextRun(schedule: PolicySchedule, after: number): number | undefined {
  if ('cron' in schedule) return nextTime(calendarsOf(schedule), after, schedule.zone);
  const { everyMs, from } = schedule;
  return from + Math.max(1, Math.floor((after - from) / everyMs) + 1) * everyMs;
}
