import { type BodyKind, boolean, integer, type Member, rawObject, text } from '../fields/body-kinds';
import { mapped, unread } from '../fields/field-table';
import { choice, integer as integerParameter, text as textParameter } from '../fields/parameter-kinds';
import { illegal } from '../http/illegal-argument';
import { type RequestTable } from './request-table';

/** When a policy runs, as OpenSearch writes it. */
interface CronSchedule {
  readonly expression: string;
  readonly timezone: string;
}

/** Accepts `{"cron": {"expression", "timezone"}}`. */
const cronSchedule: BodyKind<CronSchedule | undefined> = {
  form: 'object',
  otherwise: undefined,
  read({ value }, name) {
    const { cron, ...others } = value as { readonly cron?: Partial<CronSchedule> };
    const [other] = Object.keys(others);
    if (other !== undefined) throw illegal(`[${name}] can't be by [${other}]: only [cron] is supported`);
    if (typeof cron?.expression !== 'string' || typeof cron.timezone !== 'string') {
      throw illegal(`[${name}] needs [cron] with [expression] and [timezone]`);
    }
    return { expression: cron.expression, timezone: cron.timezone };
  },
};

const WRITTEN_BY_SNAPKEEP = { kind: unread<Member>(), meaning: 'accepted, as answers have it; not read' };

export const PUT_SM_POLICY = {
  request: 'POST, PUT /_plugins/_sm/policies/{name}',
  parameters: {
    if_seq_no: { kind: integerParameter(-1), meaning: 'required by `PUT`: `_seq_no` of the policy that is changed' },
    if_primary_term: { kind: integerParameter(-1), meaning: 'required by `PUT`: 1' },
    refresh: { kind: unread<string>(), meaning: 'accepted' },
  },
  body: {
    description: { kind: text, meaning: 'for people' },
    creation: { kind: rawObject, meaning: 'when snapshots are taken, below; without: none are' },
    deletion: { kind: rawObject, meaning: 'what is deleted, and when, below; without: nothing is' },
    snapshot_config: { kind: rawObject, meaning: 'required: fields of a snapshot request, and those below' },
    enabled: { kind: boolean(true), meaning: '`false`: nothing runs until `_start`' },
    notification: { kind: rawObject, meaning: 'a 400: Snapkeep sends no notifications' },
    name: WRITTEN_BY_SNAPKEEP,
    schema_version: WRITTEN_BY_SNAPKEEP,
    schedule: WRITTEN_BY_SNAPKEEP,
    last_updated_time: WRITTEN_BY_SNAPKEEP,
    enabled_time: WRITTEN_BY_SNAPKEEP,
    user: WRITTEN_BY_SNAPKEEP,
  },
} satisfies RequestTable;

export const SM_CREATION = {
  request: '`creation` of a policy',
  parameters: {},
  body: {
    schedule: {
      kind: cronSchedule,
      meaning: 'required: `{"cron": {"expression", "timezone"}}`, a Unix cron expression of five fields',
    },
    time_limit: { kind: text, meaning: 'time after which the run counts as failed; its snapshot goes on' },
  },
} satisfies RequestTable;

export const SM_DELETION = {
  request: '`deletion` of a policy',
  parameters: {},
  body: {
    schedule: { kind: cronSchedule, meaning: 'as in `creation`, whose schedule is the default' },
    condition: { kind: rawObject, meaning: 'required, below' },
    time_limit: { kind: text, meaning: 'accepted: deleting takes no time that would have to be limited' },
    snapshot_pattern: { kind: text, meaning: 'further snapshots that are deleted by the condition: a wildcard' },
  },
} satisfies RequestTable;

export const SM_CONDITION = {
  request: '`condition` of a deletion',
  parameters: {},
  body: {
    max_age: { kind: text, meaning: 'age at which snapshots are deleted, such as `7d`' },
    max_count: { kind: integer, meaning: 'snapshots that are kept at most' },
    min_count: { kind: mapped(integer, (count) => count ?? 1), meaning: 'snapshots that are kept, however old' },
  },
} satisfies RequestTable;

export const SM_SNAPSHOT_CONFIG = {
  request: '`snapshot_config` of a policy',
  parameters: {},
  body: {
    repository: { kind: text, meaning: 'required: a repository that is registered with Snapkeep' },
    date_format: {
      kind: mapped(text, (format) => format ?? "yyyy-MM-dd'T'HH:mm:ss"),
      meaning: 'of the date in the names of snapshots, `<policy>-<date>-<random>`',
    },
    date_format_timezone: { kind: mapped(text, (zone) => zone ?? 'UTC'), meaning: 'of that date' },
  },
} satisfies RequestTable;

const SORT_FIELDS = ['sm_policy.name', 'sm_policy.name.keyword', 'sm_policy.enabled', 'sm_policy.last_updated_time'];

export const LIST_SM_POLICIES = {
  request: 'GET /_plugins/_sm/policies',
  parameters: {
    from: { kind: integerParameter(0), meaning: 'policies to skip' },
    size: { kind: integerParameter(20), meaning: 'policies in the answer at most' },
    sortField: { kind: choice(SORT_FIELDS, 'sm_policy.name'), meaning: 'key of the order' },
    sortOrder: { kind: choice(['asc', 'desc'], 'asc'), meaning: 'direction of the order' },
    queryString: { kind: mapped(textParameter, (query) => query ?? '*'), meaning: 'wildcard of the names' },
  },
} satisfies RequestTable;

export const SM_REQUEST = { request: '_plugins/_sm/…', parameters: {} } satisfies RequestTable;
