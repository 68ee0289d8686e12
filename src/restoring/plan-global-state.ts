/** Compares a stored global state with that of the cluster that it is restored into. */
import { type GlobalState, STATE_KINDS, STATE_PARTS, type StateItem, type StatePart } from '../contracts/global-state';
import { cutReason } from '../contracts/jobs/bounded';
import { type LeftOut } from '../contracts/jobs/restore';
import { findValue, textOf } from '../documents/scan-json';

/** A part of the global state whose items are put one by one. */
export type Thing = Exclude<StatePart, 'settings'>;

export const THINGS = STATE_PARTS.filter((part): part is Thing => part !== 'settings');
/** Parts of which nothing is deleted: the engines add legacy templates, and policies of the plugin are documents. */
const ADDED: ReadonlySet<StatePart> = new Set(['templates', 'ismPolicies']);

/** A global state, and the product of the cluster that has it. */
export interface StoredState {
  readonly state: GlobalState;
  readonly product: string;
}

/** An item to put or to delete. */
export interface PlannedThing {
  readonly part: Thing;
  readonly item: StateItem;
}

/** What has to be done so that a cluster has the stored state. */
interface StatePlan {
  readonly puts: readonly PlannedThing[];
  readonly deletes: readonly PlannedThing[];
  readonly leftOut: readonly LeftOut[];
}

/** Compares a stored state with that of the target. Pure. */
export function planThings(stored: StoredState, target: StoredState): StatePlan {
  const puts: PlannedThing[] = [];
  const deletes: PlannedThing[] = [];
  const leftOut: LeftOut[] = [];
  for (const part of THINGS) {
    const kind = STATE_KINDS[part];
    const missed = (name: string, reason: string): void => void leftOut.push({ kind, name, reason: cutReason(reason) });
    const unread = stored.state.refused.find((one) => one.part === part);
    if (unread !== undefined) missed('*', `not in the snapshot: its cluster refused to show them: ${unread.reason}`);
    const items = stored.state.parts[part] ?? [];
    const present = target.state.parts[part];
    if (items.length === 0) continue;
    if (present === undefined) {
      const refused = target.state.refused.find((one) => one.part === part)?.reason;
      if (refused !== undefined) missed('*', `the cluster refuses to show them: ${refused}`);
      else for (const { name } of unmanaged(items)) missed(name, 'the cluster has nothing of this kind');
      continue;
    }
    const known = new Map(present.map(({ name, body }) => [name, body]));
    const managed: string[] = [];
    for (const item of items) {
      if (known.get(item.name) === item.body) continue;
      const stays = isManaged(item) && (known.has(item.name) || stored.product !== target.product);
      if (stays) managed.push(item.name);
      else puts.push({ part, item });
    }
    if (managed.length > 0) missed('*', `${managed.length} that the cluster manages itself stay as they are`);
    if (ADDED.has(part)) continue;
    const wanted = new Set(items.map(({ name }) => name));
    for (const item of unmanaged(present)) if (!wanted.has(item.name)) deletes.push({ part, item });
  }
  return { puts, deletes, leftOut };
}

function unmanaged(items: readonly StateItem[]): StateItem[] {
  return items.filter((item) => !isManaged(item));
}

/** Returns whether the engine, not a user, keeps the item. */
function isManaged({ name, body }: StateItem): boolean {
  if (name.startsWith('.')) return true;
  const bytes = Buffer.from(body);
  const span = findValue(bytes, ['_meta', 'managed']);
  return span !== undefined && textOf(bytes, span) === 'true';
}
