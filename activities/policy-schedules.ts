/** Writes the Temporal schedules of policies. */
import {
  type CalendarSpec,
  type Client,
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type ScheduleSpec,
  type Workflow,
} from '@temporalio/client';
import { temporalUnavailable } from '../src/contracts/common-errors';
import { type Policy, type PolicyKey, type PolicySchedule, type WriteSchedules } from '../src/contracts/jobs/policy';
import { scheduleIds, workflowIds } from '../src/contracts/workflow-ids';
import { type Calendar } from '../src/elasticsearch/schedules/calendar';
import { calendarsOf } from '../src/elasticsearch/schedules/policy-times';

/** A schedule as it has to be. */
interface Wanted {
  readonly scheduleId: string;
  readonly schedule: PolicySchedule;
  readonly workflowType: string;
  readonly workflowId: string;
  readonly args: readonly unknown[];
  readonly summary: string;
  readonly paused: boolean;
  readonly note: string;
}

/** After an outage a schedule makes up for the runs that it missed in this time, skipping those that overlap. */
const CATCH_UP = '365 days';

const MONTHS = [
  'JANUARY',
  'FEBRUARY',
  'MARCH',
  'APRIL',
  'MAY',
  'JUNE',
  'JULY',
  'AUGUST',
  'SEPTEMBER',
  'OCTOBER',
  'NOVEMBER',
  'DECEMBER',
] as const;
const DAYS = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'] as const;

/** The schedules of one installation. */
export class PolicySchedules {
  constructor(
    private readonly client: Client,
    private readonly retryWindowMs: number,
    private readonly slmRetention: string,
  ) {}

  /** Brings about the schedules of the policies, and that of the retention of SLM. Repeating it is harmless. */
  async write({ policies, slm, setPaused }: WriteSchedules, taskQueue: string): Promise<void> {
    const wanted = policies.flatMap((policy) => this.ofPolicy(policy, policy.kind === 'slm' ? slm.running : true));
    if (policies.some(({ kind }) => kind === 'slm')) wanted.push(this.ofSlmRetention(slm.running));
    for (const one of wanted) await this.put(one, taskQueue, setPaused);
    for (const policy of policies) {
      if (policy.takes === undefined) await this.delete(scheduleIds.policy(policy.kind, policy.id));
      if (policy.deletes === undefined) await this.delete(scheduleIds.retention(policy.kind, policy.id));
    }
  }

  /** Deletes the schedules of a policy. Those that are not there are no error. */
  async deleteOf({ kind, id }: PolicyKey): Promise<void> {
    await this.delete(scheduleIds.policy(kind, id));
    await this.delete(scheduleIds.retention(kind, id));
  }

  private ofPolicy({ kind, id, takes, deletes, enabled }: Policy, running: boolean): Wanted[] {
    const { retryWindowMs } = this;
    const paused = !enabled || !running;
    const note = paused ? 'stopped through the API' : 'runs by its policy';
    const taking = takes && {
      scheduleId: scheduleIds.policy(kind, id),
      schedule: takes,
      workflowType: 'runPolicyWorkflow',
      workflowId: workflowIds.policyRun(kind, id),
      args: [{ kind, id, retryWindowMs }],
      summary: `snapshot by policy ${id}`,
      paused,
      note,
    };
    const deleting = deletes && {
      scheduleId: scheduleIds.retention(kind, id),
      schedule: deletes,
      workflowType: 'retainSnapshotsWorkflow',
      workflowId: workflowIds.retention(kind, id),
      args: [{ kind, id, retryWindowMs }],
      summary: `delete expired snapshots of policy ${id}`,
      paused,
      note,
    };
    return [taking, deleting].filter((one) => one !== undefined);
  }

  private ofSlmRetention(running: boolean): Wanted {
    return {
      scheduleId: scheduleIds.retention('slm'),
      schedule: { cron: 'quartz', expression: this.slmRetention, zone: 'UTC' },
      workflowType: 'retainSnapshotsWorkflow',
      workflowId: workflowIds.retention('slm'),
      args: [{ kind: 'slm', retryWindowMs: this.retryWindowMs }],
      summary: 'delete expired snapshots of all SLM policies',
      paused: !running,
      note: running ? 'runs with SLM' : 'stopped through the API',
    };
  }

  private async put(wanted: Wanted, taskQueue: string, setPaused: boolean): Promise<void> {
    const { scheduleId, paused, note } = wanted;
    const options = {
      spec: specOf(wanted.schedule),
      action: {
        type: 'startWorkflow' as const,
        workflowType: wanted.workflowType,
        workflowId: wanted.workflowId,
        args: [...wanted.args],
        taskQueue,
        staticSummary: wanted.summary.slice(0, 180),
      },
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCH_UP } as const,
    };
    try {
      await this.client.schedule.create<Workflow>({ scheduleId, ...options, state: { paused, note } });
      return;
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw unavailable(error);
    }
    try {
      await this.client.schedule.getHandle(scheduleId).update<Workflow>(({ state }) => ({
        ...options,
        state: setPaused ? { paused, note } : { paused: state.paused, note: state.note },
      }));
    } catch (error) {
      throw unavailable(error);
    }
  }

  private async delete(scheduleId: string): Promise<void> {
    try {
      await this.client.schedule.getHandle(scheduleId).delete();
    } catch (error) {
      if (!(error instanceof ScheduleNotFoundError)) throw unavailable(error);
    }
  }
}

/** Returns what Temporal runs a schedule by. Throws `CronError`. */
function specOf(schedule: PolicySchedule): ScheduleSpec {
  if ('cron' in schedule) return { calendars: calendarsOf(schedule).map(calendarSpec), timezone: schedule.zone };
  const { everyMs, from } = schedule;
  return { intervals: [{ every: everyMs, offset: from % everyMs }] };
}

function calendarSpec({ second, minute, hour, dayOfMonth, month, dayOfWeek, year }: Calendar): CalendarSpec {
  return {
    second: ranges(second),
    minute: ranges(minute),
    hour: ranges(hour),
    dayOfMonth: ranges(dayOfMonth),
    month: month?.map((one) => MONTHS[one - 1]!) ?? '*',
    dayOfWeek: dayOfWeek?.map((one) => DAYS[one]!) ?? '*',
    year: ranges(year),
  };
}

/** Writes values as ranges of neighbours. */
function ranges(values: readonly number[] | undefined): '*' | { start: number; end: number }[] {
  if (values === undefined) return '*';
  const found: { start: number; end: number }[] = [];
  for (const value of values) {
    const last = found.at(-1);
    if (last !== undefined && last.end === value - 1) last.end = value;
    else found.push({ start: value, end: value });
  }
  return found;
}

function unavailable(error: unknown): Error {
  return temporalUnavailable((error as Error).message, error);
}
