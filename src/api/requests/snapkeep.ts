import { type RequestTable } from './request-table';

export const LIST_JOBS = { request: 'GET /_snapkeep/jobs', parameters: {} } satisfies RequestTable;

export const SHOW_JOB = { request: 'GET /_snapkeep/jobs/{id}', parameters: {} } satisfies RequestTable;

export const SHOW_SNAPSHOT = {
  request: 'GET /_snapkeep/snapshots/{repository}/{snapshot}',
  parameters: {},
} satisfies RequestTable;

export const HEALTH = { request: 'GET /_snapkeep/health', parameters: {} } satisfies RequestTable;
