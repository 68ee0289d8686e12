/** Prints policies of snapshot management as OpenSearch does. Pure. */
import { type Policy, smDocumentId } from '../../contracts/jobs/policy';
import { type JsonObject, RawJson } from '../../elasticsearch/json-value';
import { nextRun } from '../../elasticsearch/schedules/policy-times';

/** The policies of an installation have had one primary, whatever happened. */
export const PRIMARY_TERM = 1;
/** Version of the fields, as OpenSearch counts it. */
const SCHEMA_VERSION = 15;

/** Returns what identifies a version of a policy. */
export function smVersion({ id, seqNo, version }: Policy): JsonObject {
  return { _id: smDocumentId(id), _version: version, _seq_no: seqNo, _primary_term: PRIMARY_TERM };
}

/** Returns the definition of a policy. */
export function smPolicyJson({ shown, enabled, enabledMillis, modifiedMillis }: Policy): RawJson {
  const rest = {
    schema_version: SCHEMA_VERSION,
    schedule: { interval: { start_time: modifiedMillis, period: 1, unit: 'Minutes' } },
    enabled,
    last_updated_time: modifiedMillis,
    enabled_time: enabledMillis,
  };
  return new RawJson(`${shown.slice(0, -1)},${JSON.stringify(rest).slice(1)}`);
}

/** Returns how a policy goes: when it runs next, and what came of its last runs. */
export function smExplainJson(policy: Policy, now: number): JsonObject {
  const { id, takes, deletes, lastSuccess, lastFailure, lastRetention, seqNo, enabled } = policy;
  const last = [lastSuccess, lastFailure]
    .filter((run) => run !== undefined)
    .sort((a, b) => b.endMillis - a.endMillis)[0];
  return {
    name: id,
    creation: takes && {
      current_state: 'CREATION_START',
      trigger: { time: nextRun(takes, now) },
      latest_execution: last && {
        status: last.details === undefined ? 'SUCCESS' : 'FAILED',
        start_time: last.startMillis ?? last.endMillis,
        end_time: last.endMillis,
        info: {
          message: `Snapshot ${last.snapshot} ${last.details === undefined ? 'has been created' : 'could not be created'}.`,
          cause: last.details,
        },
      },
    },
    deletion: deletes && {
      current_state: 'DELETION_START',
      trigger: { time: nextRun(deletes, now) },
      latest_execution: lastRetention && {
        status: lastRetention.failure === undefined ? 'SUCCESS' : 'FAILED',
        start_time: lastRetention.startMillis,
        end_time: lastRetention.endMillis,
        info: { message: `${lastRetention.deleted} snapshots have been deleted.`, cause: lastRetention.failure },
      },
    },
    policy_seq_no: seqNo,
    policy_primary_term: PRIMARY_TERM,
    enabled,
  };
}
