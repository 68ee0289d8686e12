import { SORT_KEYS } from '../../jobs/snapshots/snapshot-page';
import { mapped, refusing } from '../fields/field-table';
import { boolean, choice, integer, names, text } from '../fields/parameter-kinds';
import { type RequestTable } from './request-table';

const STATES = ['IN_PROGRESS', 'SUCCESS', 'FAILED', 'PARTIAL', 'INCOMPATIBLE'];

const states = refusing(
  mapped(names, (given) => given?.map((state) => state.toUpperCase())),
  (given) => {
    const wrong = given?.find((state) => !STATES.includes(state));
    return wrong === undefined ? undefined : `unknown snapshot state [${wrong}]: one of [${STATES.join(', ')}]`;
  },
);

const size = refusing(integer(-1), (value) =>
  value === 0 || value < -1 ? `size must be -1 or greater than 0 but was [${value}]` : undefined,
);

const offset = refusing(integer(0), (value) =>
  value < 0 ? `offset must not be negative but was [${value}]` : undefined,
);

/** Paging parameters, which need what `verbose=false` leaves out. */
export const PAGING = {
  sort: { kind: choice(SORT_KEYS, 'start_time'), meaning: 'key of the order' },
  order: { kind: choice(['asc', 'desc'], 'asc'), meaning: 'direction of the order' },
  size: { kind: size, meaning: 'snapshots in the answer at most; `-1`: all' },
  offset: { kind: offset, meaning: 'snapshots to skip; not together with `after`' },
  after: { kind: text, meaning: '`next` of the page before' },
  from_sort_value: { kind: text, meaning: 'leaves out what sorts before this value; not together with `after`' },
  slm_policy_filter: { kind: names, meaning: 'policies and wildcards; `_none`: snapshots of no policy' },
} satisfies RequestTable['parameters'];

export const GET_SNAPSHOTS = {
  request: 'GET /_snapshot/{repo}/{snap,…}',
  parameters: {
    verbose: { kind: boolean(true), meaning: '`false`: names and states only, without paging' },
    ignore_unavailable: { kind: boolean(false), meaning: 'leaves out snapshots that are missing' },
    index_details: { kind: boolean(false), meaning: 'adds numbers for each index' },
    index_names: { kind: boolean(true), meaning: '`false` leaves the indices out' },
    include_repository: { kind: boolean(true), meaning: '`false` leaves the repository out' },
    state: { kind: states, meaning: STATES.map((state) => `\`${state}\``).join(', ') },
    ...PAGING,
  },
} satisfies RequestTable;
