import { unread } from '../fields/field-table';
import { boolean, text } from '../fields/parameter-kinds';
import { type RequestTable } from './request-table';

export const RECOVERY = {
  request: 'GET /_recovery, /{index}/_recovery',
  parameters: {
    active_only: { kind: boolean(false), meaning: 'leaves out recoveries that have ended' },
    detailed: {
      kind: boolean(false),
      meaning: 'adds empty `details` to restored primaries, as a restore has no list of files',
    },
    index: { kind: text, meaning: 'indices, where the path has none' },
    ignore_unavailable: { kind: unread(), meaning: 'passed on' },
    allow_no_indices: { kind: unread(), meaning: 'passed on' },
    expand_wildcards: { kind: unread(), meaning: 'passed on' },
  },
} satisfies RequestTable;
