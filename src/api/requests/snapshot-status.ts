import { boolean } from '../fields/parameter-kinds';
import { type RequestTable } from './request-table';

export const SNAPSHOT_STATUS = {
  request: 'GET /_snapshot/…/_status',
  parameters: { ignore_unavailable: { kind: boolean(false), meaning: 'leaves out snapshots that are missing' } },
} satisfies RequestTable;
