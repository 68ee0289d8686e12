import { boolean } from '../fields/parameter-kinds';
import { type RequestTable } from './request-table';

export const DELETE_SNAPSHOTS = {
  request: 'DELETE /_snapshot/{repo}/{snap,…}',
  parameters: { wait_for_completion: { kind: boolean(true), meaning: '`false` answers when the deletion has begun' } },
} satisfies RequestTable;
