/** Filters, sorts and pages a list of snapshots. Pure. */
import { SnapkeepError } from '../../contracts/errors';
import { isWildcard, matcher } from '../../elasticsearch/name-lists';
import { type SnapshotView } from './snapshot-view';

/** Values of the `sort` parameter. */
export const SORT_KEYS = [
  'start_time',
  'duration',
  'name',
  'index_count',
  'shard_count',
  'failed_shard_count',
  'repository',
] as const;
type SortKey = (typeof SORT_KEYS)[number];

export interface PageRequest {
  readonly sort: SortKey;
  readonly order: 'asc' | 'desc';
  /** -1: all. */
  readonly size: number;
  readonly offset: number;
  /** `next` of the previous page. */
  readonly after?: string;
  /** Leaves out snapshots that sort before this value. */
  readonly fromSortValue?: string;
  /** Policy names and wildcards; `_none` for snapshots of no policy. */
  readonly slmPolicyFilter?: readonly string[];
  /** Such as `IN_PROGRESS`; unset: any. */
  readonly states?: readonly string[];
}

interface SnapshotPage {
  readonly shown: readonly SnapshotView[];
  readonly total: number;
  readonly remaining: number;
  /** Cursor of the following page; unset on the last. */
  readonly next?: string;
}

type SortValue = string | number;
type Position = readonly [SortValue, string, string];

/** Returns one page of the snapshots. Ties are broken by name, then by repository, so that pages never overlap. */
export function pageOf(views: readonly SnapshotView[], page: PageRequest, now: number): SnapshotPage {
  const sign = page.order === 'asc' ? 1 : -1;
  const position = (view: SnapshotView): Position => [valueOf(view, page.sort, now), view.snapshot, view.repository];
  const placed = views
    .filter((view) => isOfPolicy(view, page.slmPolicyFilter) && isInState(view, page.states))
    .map((view) => ({ view, at: position(view) }))
    .filter(({ at }) => page.fromSortValue === undefined || isFrom(at[0], page.fromSortValue, sign))
    .sort((a, b) => sign * compare(a.at, b.at));
  const after = page.after === undefined ? undefined : decodeCursor(page.after);
  const rest = after === undefined ? placed : placed.filter(({ at }) => sign * compare(at, after) > 0);
  const shown = rest.slice(page.offset, page.size < 0 ? undefined : page.offset + page.size);
  const remaining = Math.max(0, rest.length - page.offset - shown.length);
  const last = shown.at(-1);
  return {
    shown: shown.map(({ view }) => view),
    total: placed.length,
    remaining,
    next: remaining > 0 && last !== undefined ? encodeCursor(last.at) : undefined,
  };
}

function valueOf(view: SnapshotView, key: SortKey, now: number): SortValue {
  switch (key) {
    case 'start_time':
      return view.startMillis;
    case 'duration':
      return (view.endMillis === 0 ? now : view.endMillis) - view.startMillis;
    case 'name':
      return view.snapshot;
    case 'index_count':
      return view.indexCount;
    case 'shard_count':
      return view.shards.total;
    case 'failed_shard_count':
      return view.shards.failed;
    case 'repository':
      return view.repository;
  }
}

function compare(a: Position, b: Position): number {
  for (const [i, value] of a.entries()) {
    if (value < b[i]!) return -1;
    if (value > b[i]!) return 1;
  }
  return 0;
}

function isFrom(value: SortValue, from: string, sign: number): boolean {
  if (typeof value === 'string') return sign > 0 ? value >= from : value <= from;
  const number = Number(from);
  if (!Number.isFinite(number)) {
    throw new SnapkeepError('illegal_argument_exception', `invalid from_sort_value [${from}]: a number is expected`);
  }
  return sign * (value - number) >= 0;
}

function isInState(view: SnapshotView, states: readonly string[] | undefined): boolean {
  return states === undefined || states.includes(view.state);
}

function isOfPolicy(view: SnapshotView, filter: readonly string[] | undefined): boolean {
  if (filter === undefined) return true;
  const policy = policyOf(view);
  if (policy === undefined) return filter.includes('_none');
  let chosen = false;
  for (const part of filter) {
    if (part.startsWith('-') && chosen && matcher(part.slice(1))(policy)) chosen = false;
    else if (isWildcard(part) || part === policy) chosen ||= matcher(part)(policy);
  }
  return chosen;
}

function policyOf(view: SnapshotView): string | undefined {
  if (view.metadata === undefined) return undefined;
  const metadata = JSON.parse(view.metadata) as { policy?: unknown } | null;
  return typeof metadata?.policy === 'string' ? metadata.policy : undefined;
}

function encodeCursor(at: Position): string {
  return Buffer.from(JSON.stringify(at)).toString('base64url');
}

function decodeCursor(text: string): Position {
  try {
    const at: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (Array.isArray(at) && at.length === 3 && typeof at[1] === 'string' && typeof at[2] === 'string') {
      return at as unknown as Position;
    }
  } catch {
    // Reported below.
  }
  throw new SnapkeepError('illegal_argument_exception', `invalid after parameter [${text}]: take it from [next]`);
}
