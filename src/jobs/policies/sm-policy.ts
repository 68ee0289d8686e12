/** Checks what a caller puts as a policy of snapshot management, by the rules and in the words of OpenSearch. */
import { SnapkeepError } from '../../contracts/errors';
import { type NewPolicy, type PolicySchedule, type Retention } from '../../contracts/jobs/policy';
import { type SnapshotRequest } from '../../contracts/jobs/snapshot';
import { metadataProblem, withPolicy } from '../../elasticsearch/policy-metadata';
import { policySnapshotName } from '../../elasticsearch/policy-snapshot-name';
import { nextRun } from '../../elasticsearch/schedules/policy-times';
import { snapshotNameProblem } from '../../elasticsearch/snapshot-name-rules';
import { parseTimeValue } from '../../elasticsearch/values';

interface CronSchedule {
  readonly expression: string;
  readonly timezone: string;
}

/** A policy as a caller puts it. */
export interface PutSmPolicy {
  readonly name: string;
  readonly description?: string;
  readonly enabled: boolean;
  readonly creation?: { readonly schedule?: CronSchedule; readonly timeLimit?: string };
  readonly deletion?: {
    readonly schedule?: CronSchedule;
    readonly condition?: { readonly maxAge?: string; readonly maxCount?: number; readonly minCount: number };
    readonly timeLimit?: string;
    readonly snapshotPattern?: string;
  };
  /** JSON text of `snapshot_config`. */
  readonly config: string;
  readonly repository?: string;
  readonly dateFormat: string;
  readonly dateFormatTimezone: string;
  /** What the rest of `snapshot_config` means. */
  readonly request: SnapshotRequest;
}

/** Returns the policy to keep. Throws `illegal_argument_exception` with what is wrong. */
export function parseSmPolicy(put: PutSmPolicy, now: number): NewPolicy {
  const { name, creation, deletion, repository, request, enabled } = put;
  const key = { kind: 'sm', id: name } as const;
  const problem = snapshotNameProblem(name);
  if (problem !== undefined) throw refused(`Policy name ${problem}`);
  if (repository === undefined || repository === '') throw refused('Must provide the repository in snapshot config.');
  if (creation === undefined && deletion === undefined) {
    throw refused('Must provide either creation or deletion configuration.');
  }
  const inMetadata = metadataProblem(request.metadata, key);
  if (inMetadata !== undefined) throw refused(inMetadata);
  const policy: NewPolicy = {
    ...key,
    shown: shown(put),
    repository,
    snapshotName: snapshotNameOf(put),
    request: { ...request, metadata: withPolicy(request.metadata, key) },
    takes: creation && scheduleOf('creation', creation.schedule, now),
    timeLimitMs: timeOf('time_limit', creation?.timeLimit),
    retention: deletion && retentionOf(deletion),
    deletes: deletion && scheduleOf('deletion', deletion.schedule ?? creation?.schedule, now),
    enabled,
  };
  checkDateFormat(policy, now);
  return policy;
}

/** Returns the date math of the names. Braces in the name of the policy stand for themselves. */
function snapshotNameOf({ name, dateFormat, dateFormatTimezone }: PutSmPolicy): string {
  return `<${name.replace(/[{}]/g, '\\$&')}-{now{${dateFormat}|${dateFormatTimezone}}}>`;
}

function checkDateFormat(policy: NewPolicy, now: number): void {
  let problem: string | undefined;
  try {
    problem = snapshotNameProblem(policySnapshotName(policy, now));
  } catch (error) {
    problem = (error as Error).message;
  }
  if (problem !== undefined) throw refused(`Please provide a valid date format. ${problem}`);
}

function scheduleOf(part: string, schedule: CronSchedule | undefined, now: number): PolicySchedule {
  if (schedule === undefined) throw refused(`schedule field of ${part} must not be null`);
  const { expression, timezone: zone } = schedule;
  const parsed = { cron: 'unix', expression, zone } as const;
  try {
    if (nextRun(parsed, now) !== undefined) return parsed;
  } catch (error) {
    throw refused(`invalid ${part} schedule [${expression}] in zone [${zone}]: ${(error as Error).message}`);
  }
  throw refused(`Next execution time from the ${part} schedule is null, please provide a valid cron expression.`);
}

function retentionOf({ condition, snapshotPattern }: NonNullable<PutSmPolicy['deletion']>): Retention {
  if (condition === undefined) throw refused('condition must not be null.');
  const { maxAge, maxCount, minCount } = condition;
  if (maxAge === undefined && maxCount === undefined) throw refused('Please provide max_age or max_count.');
  if (minCount <= 0) throw refused('min_count should be bigger than 0.');
  if (maxCount !== undefined && maxCount <= minCount) throw refused('max_count should be bigger than min_count.');
  return { expireAfterMs: timeOf('max_age', maxAge), minCount, maxCount, pattern: snapshotPattern };
}

function timeOf(field: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const millis = parseTimeValue(text);
  if (millis !== undefined && millis > 0) return millis;
  throw refused(
    `failed to parse setting [${field}] with value [${text}] as a time value: unit is missing or unrecognized`,
  );
}

/** Returns what a GET shows of the definition. */
function shown({ name, description, creation, deletion, config }: PutSmPolicy): string {
  const { condition } = deletion ?? {};
  const schedule = deletion?.schedule ?? creation?.schedule;
  const members = {
    name,
    description,
    creation: creation && { schedule: { cron: creation.schedule }, time_limit: creation.timeLimit },
    deletion: deletion && {
      schedule: { cron: schedule },
      condition: { max_age: condition?.maxAge, min_count: condition?.minCount, max_count: condition?.maxCount },
      time_limit: deletion.timeLimit,
      snapshot_pattern: deletion.snapshotPattern,
    },
  };
  return `${JSON.stringify(members).slice(0, -1)},"snapshot_config":${config}}`;
}

function refused(reason: string): SnapkeepError {
  return new SnapkeepError('illegal_argument_exception', reason);
}
