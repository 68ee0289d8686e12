/**
 * Restores a global state as the engines' own restore does: persistent settings, scripts, pipelines, policies and
 * composable templates become those of the snapshot; legacy templates are added.
 *
 * What the cluster manages itself, by name or by `_meta.managed`, stays as it is.
 */
import { type Cluster } from '../cluster/cluster';
import { STATE_KINDS, type StateItem } from '../contracts/global-state';
import { cutReason } from '../contracts/jobs/bounded';
import { type LeftOut } from '../contracts/jobs/restore';
import { type PlannedThing, planThings, type StoredState, type Thing, THINGS } from './plan-global-state';
import { refusal } from './refusal';

/**
 * Restores all parts but the settings. What the cluster refuses is left out and returned, with the reason. Repeating it
 * changes nothing. Throws when the cluster cannot answer now.
 */
export async function restoreThings(cluster: Cluster, stored: StoredState, signal: AbortSignal): Promise<LeftOut[]> {
  const [present, { product }] = await Promise.all([cluster.globalState(signal), cluster.info(signal)]);
  const plan = planThings(stored, { state: present, product });
  const leftOut = [...plan.leftOut];
  // Two templates of equal priority must not match the same names: old ones go first.
  const isTemplate = ({ part }: PlannedThing): boolean => part === 'indexTemplates';
  leftOut.push(...(await deleteThings(cluster, plan.deletes.filter(isTemplate), signal)));
  for (const part of THINGS) {
    const items = plan.puts.filter((one) => one.part === part).map(({ item }) => item);
    leftOut.push(...(await putThings(cluster, part, items, signal)));
  }
  const others = plan.deletes.filter((one) => !isTemplate(one)).reverse();
  leftOut.push(...(await deleteThings(cluster, others, signal)));
  return leftOut;
}

/**
 * Puts the items in as many passes as bring one forward, since one may need another. What is refused even then is put
 * without what the cluster does not know, or left out.
 */
async function putThings(
  cluster: Cluster,
  part: Thing,
  items: readonly StateItem[],
  signal: AbortSignal,
): Promise<LeftOut[]> {
  const kind = STATE_KINDS[part];
  let left = [...items];
  for (let before = Infinity; left.length > 0 && left.length < before;) {
    before = left.length;
    const refused: StateItem[] = [];
    for (const item of left) {
      if ((await refusal(() => cluster.putStateItem(part, item, signal))) !== undefined) refused.push(item);
    }
    left = refused;
  }
  const leftOut: LeftOut[] = [];
  for (const item of left) {
    const { name } = item;
    const reason = await refusal(async () => {
      for (const { what, reason: why } of await cluster.putStateItemTolerant(part, item, signal)) {
        leftOut.push({ kind, name, reason: cutReason(`put without ${what}: ${why}`) });
      }
    });
    if (reason !== undefined) leftOut.push({ kind, name, reason: cutReason(reason) });
  }
  return leftOut;
}

async function deleteThings(
  cluster: Cluster,
  things: readonly PlannedThing[],
  signal: AbortSignal,
): Promise<LeftOut[]> {
  const leftOut: LeftOut[] = [];
  for (const { part, item } of things) {
    const reason = await refusal(() => cluster.deleteStateItem(part, item.name, signal));
    if (reason === undefined) continue;
    leftOut.push({
      kind: STATE_KINDS[part],
      name: item.name,
      reason: cutReason(`not in the snapshot, but the cluster refuses to delete it: ${reason}`),
    });
  }
  return leftOut;
}

/** Resets what is not in the snapshot. */
const RESET = 'null';

/**
 * Makes the persistent settings those of the snapshot. Settings that the cluster refuses are left out and returned,
 * with the reason. Repeating it changes nothing. Throws when the cluster cannot answer now.
 */
export async function restoreSettings(
  cluster: Cluster,
  { state }: StoredState,
  signal: AbortSignal,
): Promise<LeftOut[]> {
  const wanted = state.parts.settings;
  const missed = (name: string, reason: string): LeftOut => ({
    kind: 'cluster_setting',
    name,
    reason: cutReason(reason),
  });
  const unread = state.refused.find(({ part }) => part === 'settings');
  if (unread !== undefined)
    return [missed('*', `not in the snapshot: its cluster refused to show them: ${unread.reason}`)];
  if (wanted === undefined) return [];
  const changes = changedSettings(wanted, (await cluster.globalState(signal)).parts.settings ?? []);
  if (changes.length === 0) return [];
  const put = (some: readonly StateItem[]): Promise<string | undefined> =>
    refusal(() => cluster.putPersistentSettings(some, signal));
  if ((await put(changes)) === undefined) return [];
  const leftOut: LeftOut[] = [];
  for (const change of changes) {
    const reason = await put([change]);
    if (reason !== undefined) leftOut.push(missed(change.name, `[${change.body}]: ${reason}`));
  }
  return leftOut;
}

/** Returns the settings to put; those that would keep others from being put come last. Pure. */
function changedSettings(wanted: readonly StateItem[], present: readonly StateItem[]): StateItem[] {
  const known = new Map(present.map(({ name, body }) => [name, body]));
  const names = new Set(wanted.map(({ name }) => name));
  const changes = [
    ...present.filter(({ name }) => !names.has(name)).map(({ name }) => ({ name, body: RESET })),
    ...wanted.filter(({ name, body }) => known.get(name) !== body),
  ];
  const isBlock = ({ name }: StateItem): number => (name.startsWith('cluster.blocks.') ? 1 : 0);
  return changes.sort((a, b) => isBlock(a) - isBlock(b));
}
