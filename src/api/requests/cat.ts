import { unread } from '../fields/field-table';
import { boolean, names, text } from '../fields/parameter-kinds';
import { type RequestTable } from './request-table';

/** What all tables take. */
export const CAT_TABLE = {
  request: 'GET /_cat/snapshots, /_cat/repositories, /_cat/recovery',
  parameters: {
    v: { kind: boolean(false), meaning: 'a line with the names of the columns comes first' },
    h: { kind: names, meaning: 'columns to show: names, short names, wildcards' },
    s: { kind: names, meaning: 'columns to sort by, each with `:desc` or `:asc` behind it or without' },
    help: { kind: boolean(false), meaning: 'shows the columns, with their short names and meanings' },
    bytes: { kind: text, meaning: 'unit of sizes: `b`, `kb`, `mb`, `gb`, `tb`, `pb`' },
    time: { kind: text, meaning: 'unit of times: `nanos`, `micros`, `ms`, `s`, `m`, `h`, `d`' },
    size: { kind: unread(), meaning: 'accepted' },
    ts: { kind: unread(), meaning: 'accepted' },
  },
} satisfies RequestTable;

export const CAT_SNAPSHOTS = {
  request: 'GET /_cat/snapshots, /_cat/snapshots/{repo,…}',
  parameters: { ignore_unavailable: { kind: unread(), meaning: 'accepted' } },
} satisfies RequestTable;

export const CAT_REPOSITORIES = {
  request: 'GET /_cat/repositories',
  parameters: { local: { kind: unread(), meaning: 'accepted' } },
} satisfies RequestTable;

export const CAT_RECOVERY = {
  request: 'GET /_cat/recovery, /_cat/recovery/{index}',
  parameters: {
    active_only: { kind: boolean(false), meaning: 'leaves out recoveries that have ended' },
    detailed: { kind: unread(), meaning: 'accepted' },
    index: { kind: text, meaning: 'indices, where the path has none' },
    ignore_unavailable: { kind: unread(), meaning: 'accepted, as the engines do' },
    allow_no_indices: { kind: unread(), meaning: 'accepted, as the engines do' },
    expand_wildcards: { kind: text, meaning: 'passed on' },
  },
} satisfies RequestTable;
