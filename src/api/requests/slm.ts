import { integer, rawObject, text } from '../fields/body-kinds';
import { mapped } from '../fields/field-table';
import { boolean as booleanParameter, integer as integerParameter } from '../fields/parameter-kinds';
import { type RequestTable } from './request-table';

const required = mapped(text, (value) => value ?? '');

export const PUT_SLM_POLICY = {
  request: 'PUT /_slm/policy/{id}',
  parameters: {},
  body: {
    name: { kind: required, meaning: 'required: name of the snapshots, with date math; a random ending is added' },
    schedule: {
      kind: required,
      meaning:
        'required: a cron expression of six or seven fields with years from 2000 to 2100, or a time such as `30m`; both in UTC, and not more often than `SNAPKEEP_SLM_MINIMUM_INTERVAL`',
    },
    repository: { kind: required, meaning: 'required: a repository that is registered with Snapkeep' },
    config: { kind: rawObject, meaning: 'fields of a snapshot request, below' },
    retention: { kind: rawObject, meaning: 'what the policy keeps, below; without: everything' },
    unhealthy_if_no_snapshot_within: {
      kind: text,
      meaning: 'time after which the health indicator is yellow when no snapshot succeeded',
    },
  },
} satisfies RequestTable;

export const SLM_RETENTION = {
  request: '`retention` of an SLM policy',
  parameters: {},
  body: {
    expire_after: { kind: text, meaning: 'age at which snapshots are deleted, such as `30d`' },
    min_count: { kind: integer, meaning: 'successful snapshots that are kept, however old' },
    max_count: { kind: integer, meaning: 'successful snapshots that are kept at most, however young' },
  },
} satisfies RequestTable;

export const SLM_HEALTH = {
  request: 'GET /_health_report/slm',
  parameters: {
    verbose: { kind: booleanParameter(true), meaning: '`false` leaves details and diagnoses out' },
    size: { kind: integerParameter(1000), meaning: 'policies that a diagnosis names at most' },
  },
} satisfies RequestTable;

export const SLM_REQUEST = { request: '_slm/…', parameters: {} } satisfies RequestTable;
