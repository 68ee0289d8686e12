/** Checks what a caller puts as an SLM policy, by the rules and in the words of Elasticsearch. */
import { SnapkeepError } from '../../contracts/errors';
import { type NewPolicy, type PolicySchedule, type Retention } from '../../contracts/jobs/policy';
import { type SnapshotRequest } from '../../contracts/jobs/snapshot';
import { metadataProblem, withPolicy } from '../../elasticsearch/policy-metadata';
import { policySnapshotName } from '../../elasticsearch/policy-snapshot-name';
import { nextRun } from '../../elasticsearch/schedules/policy-times';
import { problemOfFileName, snapshotNameProblem } from '../../elasticsearch/snapshot-name-rules';
import { parseTimeValue, timeValue } from '../../elasticsearch/values';

/** A policy as a caller puts it; fields are in the order in which they are shown. */
export interface PutSlmPolicy {
  readonly id: string;
  readonly name: string;
  readonly schedule: string;
  readonly repository: string;
  /** JSON text of `config`. */
  readonly config?: string;
  /** What `config` means. */
  readonly request: SnapshotRequest;
  readonly retention?: { readonly expireAfter?: string; readonly minCount?: number; readonly maxCount?: number };
  readonly unhealthyIfNoSnapshotWithin?: string;
}

/**
 * Returns the policy to keep. Throws `action_request_validation_exception` with all that is wrong with it, and
 * `illegal_argument_exception` for a retention or an interval that can't be.
 */
export function parseSlmPolicy(put: PutSlmPolicy, minimumIntervalMs: number, now: number): NewPolicy {
  const { id, name, repository, request } = put;
  const key = { kind: 'slm', id } as const;
  const takes = parseSchedule(put.schedule, now);
  const problems = [
    prefixed(`invalid policy id [${id}]: `, idProblem(id)),
    prefixed(
      `invalid snapshot name [${name}]: `,
      snapshotNameProblem(policySnapshotName({ kind: 'slm', snapshotName: name }, now)),
    ),
    typeof takes === 'string' ? `invalid schedule [${put.schedule}]: ${takes}` : undefined,
    metadataProblem(request.metadata, key),
    repository.trim() === '' ? `invalid repository name [${repository}]: cannot be empty` : undefined,
  ].filter((problem) => problem !== undefined);
  if (problems.length > 0 || typeof takes === 'string') throw validationFailed(problems);
  checkInterval(put.schedule, takes, minimumIntervalMs, now);
  return {
    ...key,
    shown: shown(put),
    repository,
    snapshotName: name,
    request: { ...request, metadata: withPolicy(request.metadata, key) },
    takes,
    retention: put.retention === undefined ? undefined : parseRetention(put.retention),
    enabled: true,
    unhealthyAfterMs: duration('unhealthy_if_no_snapshot_within', put.unhealthyIfNoSnapshotWithin),
  };
}

function idProblem(id: string): string | undefined {
  return id.startsWith('_') ? `must not start with '_'` : problemOfFileName(id);
}

/** Returns the schedule, or why it can't be one. */
function parseSchedule(schedule: string, now: number): PolicySchedule | string {
  if (schedule.trim() === '') return 'schedule must not be empty';
  const everyMs = parseTimeValue(schedule);
  if (everyMs !== undefined) {
    if (everyMs <= 0) return 'time unit must be at least 1 millisecond';
    if (everyMs % 1000 !== 0) return 'a time unit has to be a number of seconds here';
    return { everyMs, from: Math.floor(now / 1000) * 1000 };
  }
  const parsed: PolicySchedule = { cron: 'quartz', expression: schedule, zone: 'UTC' };
  try {
    nextRun(parsed, now);
    return parsed;
  } catch (error) {
    return `must be a valid cron expression or time unit: ${(error as Error).message}`;
  }
}

function checkInterval(schedule: string, takes: PolicySchedule, minimumMs: number, now: number): void {
  const first = nextRun(takes, now);
  const second = first === undefined ? undefined : nextRun(takes, first);
  if (first === undefined || second === undefined || second - first >= minimumMs) return;
  throw new SnapkeepError(
    'illegal_argument_exception',
    `invalid schedule [${schedule}]: schedule would be too frequent, executing more than every [${timeValue(minimumMs)}]`,
  );
}

function parseRetention({ expireAfter, minCount, maxCount }: NonNullable<PutSlmPolicy['retention']>): Retention {
  const refuse = (message: string): never => {
    throw new SnapkeepError('illegal_argument_exception', message);
  };
  if (minCount !== undefined && minCount < 1) refuse(`minimum snapshot count must be at least 1, but was: ${minCount}`);
  if (maxCount !== undefined && maxCount < 1) refuse(`maximum snapshot count must be at least 1, but was: ${maxCount}`);
  if (minCount !== undefined && maxCount !== undefined && minCount > maxCount) {
    refuse(`minimum snapshot count ${minCount} cannot be larger than maximum snapshot count ${maxCount}`);
  }
  return { expireAfterMs: duration('expire_after', expireAfter), minCount, maxCount };
}

function duration(field: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const millis = parseTimeValue(text);
  if (millis !== undefined && millis >= 0) return millis;
  throw new SnapkeepError(
    'illegal_argument_exception',
    `failed to parse setting [${field}] with value [${text}] as a time value: unit is missing or unrecognized`,
  );
}

function shown(put: PutSlmPolicy): string {
  const { expireAfter: expire_after, minCount: min_count, maxCount: max_count } = put.retention ?? {};
  const fields = {
    name: put.name,
    schedule: put.schedule,
    repository: put.repository,
    config: put.config === undefined ? undefined : '',
    retention: put.retention === undefined ? undefined : { expire_after, min_count, max_count },
    unhealthy_if_no_snapshot_within: put.unhealthyIfNoSnapshotWithin,
  };
  const members = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `"${name}":${name === 'config' ? put.config! : JSON.stringify(value)}`);
  return `{${members.join(',')}}`;
}

function prefixed(prefix: string, problem: string | undefined): string | undefined {
  return problem === undefined ? undefined : prefix + problem;
}

function validationFailed(problems: readonly string[]): SnapkeepError {
  const listed = problems.map((problem, i) => `${i + 1}: ${problem};`).join('');
  return new SnapkeepError('action_request_validation_exception', `Validation Failed: ${listed}`);
}
