import { boolean, names } from '../fields/body-kinds';
import { unread } from '../fields/field-table';
import { type RequestTable } from './request-table';

export const CLONE_SNAPSHOT = {
  request: 'PUT /_snapshot/{repo}/{snap}/_clone/{target}',
  parameters: {},
  body: {
    indices: { kind: names, meaning: "required: names, wildcards, `-exclusions` of the source's indices" },
    ignore_unavailable: { kind: boolean(false), meaning: 'leaves out names that the source does not hold' },
    expand_wildcards: { kind: unread(), meaning: 'accepted: a snapshot holds neither open nor closed indices' },
    allow_no_indices: { kind: unread(), meaning: 'accepted: a clone without an index is refused, as by the engines' },
  },
} satisfies RequestTable;
