/**
 * Opens the views in which the shards of a snapshot are settled: all together, so that the snapshot shows its shards at
 * one moment. Shards that were planned as unchanged are looked at again: they must have held still until then.
 */
import { isOutOfViews } from '../cluster/http/cluster-failures';
import { type DocumentReader, type ShardState } from '../cluster/reading/document-reader';
import { inLanes } from '../concurrency/lanes';
import { isSnapkeepError } from '../contracts/errors';
import { shardId } from '../repository/catalogue/holders';
import { type ChangedShard, changedShards, type JobPlan, type PlannedShard } from './job-plan';
import { type SnapshotCopy } from './shard-copying';
import { type ShardInView } from './shard-in-view';
import { indexNamesOf, readStates, type ShardStates } from './states-at-copy';

/** Views of one snapshot that are open at once. What exceeds it gets views when the former are closed. */
export const VIEWS_AT_ONCE = 500;
/** Most ms that shards should differ by. So many views take less where nothing else keeps the cluster busy. */
const WANTED_SPREAD_MS = 100;
const FEW_VIEWS = 100;
/** Times that the same views are opened until they are close enough together; the best ones are used. */
const TRIES = 5;
/** Requests that open or close views concurrently. */
const REQUESTS_AT_ONCE = 32;

/** The shards `[from, to)` of a plan, ready to be settled. */
interface Opened {
  /** The plan, in which shards that moved have become changed ones. */
  readonly plan: JobPlan;
  /** Whether `plan` differs from the one that was given. */
  readonly revised: boolean;
  readonly shards: readonly ShardInView[];
  readonly to: number;
  /** A time at which all unchanged shards held the documents of their entries. */
  readonly unchangedMillis: number;
}

/**
 * Opens views of the changed shards from the ordinal `from` on: of all, or of as many as may be open at once. From 0 on
 * it also looks at the unchanged shards again: one that moved becomes a changed one, with a view.
 *
 * A shard whose index is gone, or is another one now, gets no view: settling it in a view of its own tells why. So does
 * every shard of a cluster without points in time. Throws what the cluster throws; all views are closed then.
 *
 * @param planned the states that the plan was made from, if nothing but planning came since.
 */
export async function openViews(
  copy: SnapshotCopy,
  plan: JobPlan,
  { from = 0, planned }: { from?: number; planned?: ShardStates } = {},
): Promise<Opened> {
  const changed = changedShards(plan);
  if (plan.pit === 'none') {
    const shards = changed.slice(from).map(({ ordinal }) => ({ ordinal }));
    return { plan, revised: false, shards, to: changed.length, unchangedMillis: plan.seenMillis };
  }
  const opening = new Opening(copy);
  try {
    const round = changed.slice(from, from + VIEWS_AT_ONCE);
    const unchangedMillis = await opening.open(round, planned);
    const changes = await opening.lookAgain(round, from === 0 ? plan : undefined);
    const after = changes.size === 0 ? plan : revise(plan, changes);
    const { shards, to } = await opening.takeFrom(changedShards(after), from);
    return { plan: after, revised: changes.size > 0, shards, to, unchangedMillis };
  } catch (error) {
    await opening.closeAll();
    throw error;
  }
}

/** Closes the views of the shards. Never throws: what can't be closed expires. */
export function closeViews(reader: DocumentReader, shards: readonly Pick<ShardInView, 'view'>[]): Promise<void> {
  const views = shards.flatMap(({ view }) => view ?? []);
  return inLanes(views, REQUESTS_AT_ONCE, (view) => reader.closeLasting(view));
}

/** A shard of a plan, whatever became of it. */
type Shard<Plan extends PlannedShard> = Pick<ChangedShard, 'index' | 'shard'> & { readonly plan: Plan };
type Unchanged = Shard<Extract<PlannedShard, { kind: 'unchanged' }>>;
type Changed = Shard<ChangedShard['plan']>;

function unchangedShards({ indices }: JobPlan): Unchanged[] {
  return indices.flatMap((index) =>
    index.shards.flatMap((plan, shard) => (plan.kind === 'unchanged' ? [{ index, shard, plan }] : [])),
  );
}

function idOf({ index, shard }: Pick<ChangedShard, 'index' | 'shard'>): string {
  return shardId(index.uuid, shard);
}

/** Views that were opened concurrently, by the ids of their shards. */
interface Together {
  readonly views: ReadonlyMap<string, Omit<ShardInView, 'ordinal'>>;
  /** Begin of the refresh before. */
  readonly sinceMillis: number;
  /** Time from then until the last view was open. */
  readonly spreadMillis: number;
  /** False if the cluster did not allow all of them. */
  readonly isWhole: boolean;
}

/** Returns whether opening the same views once more may bring them closer together: something held the cluster up. */
function isWorthAnotherTry({ views, spreadMillis, isWhole }: Together): boolean {
  return isWhole && views.size <= FEW_VIEWS && spreadMillis > WANTED_SPREAD_MS;
}

/** The views of one round while they are opened. */
class Opening {
  private readonly found = new Map<string, Omit<ShardInView, 'ordinal'>>();

  constructor(private readonly copy: SnapshotCopy) {}

  /**
   * Opens the views of shards, all of them or as many as the cluster allows. Returns the time from which on they show
   * documents: the begin of the last refresh.
   */
  async open(shards: readonly Changed[], planned?: ShardStates): Promise<number> {
    const { cluster, reader, signal } = this.copy;
    if (shards.length === 0) return Date.now();
    const names = indexNamesOf(shards);
    const states = planned ?? (await readStates(cluster, names, signal));
    const sinceMillis = Date.now();
    await cluster.refresh(names, signal);
    if (shards.length === 1) return this.keep(await this.openTogether(shards, states, sinceMillis));
    let best = await this.refreshAndOpen(shards, states);
    this.keep(best);
    for (let tries = 1; tries < TRIES && isWorthAnotherTry(best); tries++) {
      const next = await this.refreshAndOpen(shards, states);
      const isBetter = next.isWhole && next.spreadMillis < best.spreadMillis;
      await closeViews(reader, [...(isBetter ? best : next).views.values()]);
      if (!isBetter) continue;
      best = next;
      this.keep(best);
    }
    return best.sinceMillis;
  }

  /**
   * Looks at the shards with views, and at the unchanged ones of `plan`, once more. A shard that moved meanwhile gets a
   * view. Returns what became of the unchanged ones that moved or went away.
   */
  async lookAgain(opened: readonly Changed[], plan: JobPlan | undefined): Promise<Map<string, PlannedShard>> {
    const { cluster, signal } = this.copy;
    const held = plan === undefined ? [] : unchangedShards(plan);
    const states = await readStates(cluster, indexNamesOf([...opened, ...held]), signal);
    const moved = await this.dropMoved(opened, states);
    const changes = new Map<string, PlannedShard>();
    for (const one of held) {
      const now = states.find(one);
      if (now?.historyUuid !== one.plan.entry.historyUuid) {
        // The index was deleted, or has no primary now: nobody knows more of it than when it was planned.
        changes.set(idOf(one), { ...one.plan, seenMillis: plan!.seenMillis });
      } else if (now.maxSeqNo !== one.plan.entry.maxSeqNo || now.session !== one.plan.entry.session) {
        const late = { ...one, plan: changedPlan(plan!, one, now) };
        changes.set(idOf(one), late.plan);
        moved.push(late);
      }
    }
    if (moved.length > 0 && this.found.size < VIEWS_AT_ONCE) {
      const more = moved.slice(0, VIEWS_AT_ONCE - this.found.size);
      await this.open(more);
      await this.dropMoved(more, await readStates(cluster, indexNamesOf(more), signal));
    }
    return changes;
  }

  /** Returns the shards from an ordinal on that are ready, without a gap. Closes the views of all others. */
  async takeFrom(
    changed: readonly ChangedShard[],
    from: number,
  ): Promise<{ readonly shards: readonly ShardInView[]; readonly to: number }> {
    const ready: ShardInView[] = [];
    for (const shard of changed.slice(from)) {
      const one = this.found.get(idOf(shard));
      if (one === undefined) break;
      ready.push({ ordinal: shard.ordinal, ...one });
      this.found.delete(idOf(shard));
    }
    await this.closeAll();
    return { shards: ready, to: from + ready.length };
  }

  closeAll(): Promise<void> {
    return closeViews(this.copy.reader, [...this.found.values()]);
  }

  private keep({ views, sinceMillis }: Together): number {
    for (const [id, one] of views) this.found.set(id, one);
    return sinceMillis;
  }

  /** A view shows the last refresh. Right after another one a refresh is short, and so is the time between shards. */
  private async refreshAndOpen(shards: readonly Changed[], states: ShardStates): Promise<Together> {
    const { cluster, signal } = this.copy;
    const sinceMillis = Date.now();
    await cluster.refresh(indexNamesOf(shards), signal);
    return this.openTogether(shards, states, sinceMillis);
  }

  /** Opens views concurrently until the cluster allows no more. Throws when it allows none at all. */
  private async openTogether(shards: readonly Changed[], states: ShardStates, sinceMillis: number): Promise<Together> {
    const views = new Map<string, Omit<ShardInView, 'ordinal'>>();
    let refusal: { error: unknown } | undefined;
    try {
      await inLanes(shards, REQUESTS_AT_ONCE, async (shard) => {
        if (refusal !== undefined) return;
        try {
          views.set(idOf(shard), await this.openOne(shard, states, sinceMillis));
        } catch (error) {
          if (!isOutOfViews(error)) throw error;
          refusal = { error };
        }
      });
      if (refusal !== undefined && this.found.size + views.size === 0) throw (refusal as { error: unknown }).error;
    } catch (error) {
      await closeViews(this.copy.reader, [...views.values()]);
      throw error;
    }
    return { views, sinceMillis, spreadMillis: Date.now() - sinceMillis, isWhole: refusal === undefined };
  }

  private async openOne(
    shard: Changed,
    states: ShardStates,
    sinceMillis: number,
  ): Promise<Omit<ShardInView, 'ordinal'>> {
    try {
      const state = states.of(shard);
      if (state.maxSeqNo === -1 && state.documents === 0) return { state, emptyMillis: sinceMillis };
      const view = await this.copy.reader.openLasting(shard.plan.target, this.copy.signal);
      return view === undefined ? {} : { state, view: { ...view, fromMillis: sinceMillis } };
    } catch (error) {
      if (!isSnapkeepError(error) || error.retryable) throw error;
      return {}; // the shard says why when it is settled
    }
  }

  /**
   * Takes the views from shards that another process serves now, or another history, or nobody. Returns the shards that
   * were empty and are not any more; they are not ready.
   */
  private async dropMoved(shards: readonly Changed[], states: ShardStates): Promise<Changed[]> {
    const dropped: Omit<ShardInView, 'ordinal'>[] = [];
    const filled: Changed[] = [];
    for (const shard of shards) {
      const one = this.found.get(idOf(shard));
      if (one?.state === undefined) continue;
      const now = states.find(shard);
      if (now?.historyUuid !== one.state.historyUuid || now.session !== one.state.session) {
        dropped.push(one);
        this.found.set(idOf(shard), {});
      } else if (one.emptyMillis !== undefined && now.maxSeqNo !== -1) {
        this.found.delete(idOf(shard));
        filled.push(shard);
      }
    }
    await closeViews(this.copy.reader, dropped);
    return filled;
  }
}

/** Plans a shard that was planned as unchanged, and moved. */
function changedPlan(plan: JobPlan, { index, shard, plan: { entry, holder, target } }: Unchanged, now: ShardState) {
  const documents = Math.min(now.documents, now.maxSeqNo - entry.sealedThrough);
  return {
    kind: 'changed' as const,
    identity: {
      clusterUuid: plan.cluster.uuid,
      indexUuid: index.uuid,
      historyUuid: entry.historyUuid,
      shards: index.shards.length,
      shard,
    },
    target,
    base: entry,
    holder,
    session: entry.session,
    documents,
    bytes: documents * target.bytesPerDocument,
    late: true as const,
  };
}

function revise(plan: JobPlan, changes: ReadonlyMap<string, PlannedShard>): JobPlan {
  const indices = plan.indices.map((index) => ({
    ...index,
    shards: index.shards.map((one, shard) => changes.get(idOf({ index, shard })) ?? one),
  }));
  return { ...plan, indices };
}
