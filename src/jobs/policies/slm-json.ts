/** Prints SLM policies and their statistics as Elasticsearch does. Pure. */
import { type Policy, type PolicyRun, type SlmState } from '../../contracts/jobs/policy';
import { type JsonObject, RawJson } from '../../elasticsearch/json-value';
import { nextRun } from '../../elasticsearch/schedules/policy-times';
import { isoTime, timeValue } from '../../elasticsearch/values';
import { type RunningSnapshot } from '../running/running-jobs';

/** Returns a policy as a GET shows it. `human` adds times for people. */
export function slmPolicyJson(
  policy: Policy,
  running: RunningSnapshot | undefined,
  { human, now }: { readonly human: boolean; readonly now: number },
): JsonObject {
  const next = policy.takes && nextRun(policy.takes, now);
  return {
    version: policy.version,
    ...time('modified_date_millis', 'modified_date', policy.modifiedMillis, human),
    policy: new RawJson(policy.shown),
    last_success: policy.lastSuccess && runJson(policy.lastSuccess, human),
    last_failure: policy.lastFailure && runJson(policy.lastFailure, human),
    ...time('next_execution_millis', 'next_execution', next ?? -1, human),
    in_progress: running && {
      name: running.job.snapshot,
      uuid: running.shown.uuid,
      state: 'STARTED',
      ...time('start_time_millis', 'start_time', running.shown.startMillis, human),
    },
    stats: countsJson(policy),
  };
}

function runJson({ snapshot, startMillis, endMillis, details }: PolicyRun, human: boolean): JsonObject {
  return {
    snapshot_name: snapshot,
    ...(startMillis === undefined ? {} : time('start_time', 'start_time_string', startMillis, human)),
    ...time('time', 'time_string', endMillis, human),
    details,
  };
}

function countsJson({ id, counts }: Policy): JsonObject {
  return {
    policy: id,
    snapshots_taken: counts.taken,
    snapshots_failed: counts.failed,
    snapshots_deleted: counts.deleted,
    snapshot_deletion_failures: counts.deletionFailures,
  };
}

/** Returns the answer of `GET /_slm/stats`. */
export function slmStatsJson(policies: readonly Policy[], { retention }: SlmState): JsonObject {
  const sum = (of: keyof Policy['counts']): number => policies.reduce((all, { counts }) => all + counts[of], 0);
  return {
    retention_runs: retention.runs,
    retention_failed: retention.failed,
    // A retention here has no time limit that it could exceed.
    retention_timed_out: 0,
    retention_deletion_time: timeValue(retention.timeMs),
    retention_deletion_time_millis: retention.timeMs,
    total_snapshots_taken: sum('taken'),
    total_snapshots_failed: sum('failed'),
    total_snapshots_deleted: sum('deleted'),
    total_snapshot_deletion_failures: sum('deletionFailures'),
    policy_stats: policies.map(countsJson),
  };
}

function time(field: string, shown: string, millis: number, human: boolean): JsonObject {
  return human ? { [shown]: isoTime(millis), [field]: millis } : { [field]: millis };
}
