/** Settles a group of shards, a few at a time, each in the view that was opened for it together with all others. */
import { type ShardState } from '../cluster/reading/document-reader';
import { inLanes } from '../concurrency/lanes';
import { isSnapkeepError } from '../contracts/errors';
import { type CopiedShard, type ShardResult } from '../contracts/jobs/copy';
import { type CopyProgress } from '../contracts/jobs/job';
import { type ShardEntry } from '../contracts/stored';
import { type Segment } from '../repository/format/format';
import { copySmallShard, type SettleShard, settleShard } from '../repository/segments/settle-shard';
import { type Copied, NOTHING_COPIED } from '../repository/segments/shard-ranges';
import { type GroupProgress } from './group-progress';
import { readLists } from './job-notes';
import { type ChangedShard } from './job-plan';
import { closeViews } from './open-views';
import { segmentWriting, shardSettling, type SnapshotCopy, trustingFirst } from './shard-copying';
import { failureOf } from './shard-failure';
import { type ShardInView } from './shard-in-view';
import { indexNamesOf, ofSameHistory, type ShardStates, statesThenRefresh } from './states-at-copy';

/** Shards that are settled concurrently. */
const SHARDS_AT_ONCE = 4;

/** A shard to settle, with all that was prepared for it. */
export interface ShardToSettle {
  readonly shard: ChangedShard;
  readonly at: ShardInView;
  /** What was copied of it before; undefined if it is read whole now. */
  readonly copied?: CopiedShard;
}

/** The part of a group that earlier attempts have done, and the receivers of what this attempt does. */
interface GroupRun {
  readonly done: readonly ShardResult[];
  /** Receives all results so far when one more shard has ended; a later attempt passes them as `done`. */
  readonly onDone: (results: readonly ShardResult[]) => void;
  readonly progress: GroupProgress;
}

/**
 * Settles the shards that are not in `done`. Returns the results of all shards, in their order; a shard that failed for
 * good is a result with the reason. A shard without a view, or with one that is lost, is settled in a view of its own,
 * and its entry says when that was opened. Views that were used are closed.
 *
 * Throws retryable errors, and errors that concern the repository or the service: the shards that had ended by then
 * were passed to `onDone`.
 */
export async function settleGroup(
  copy: SnapshotCopy,
  group: readonly ShardToSettle[],
  { done, onDone, progress }: GroupRun,
): Promise<ShardResult[]> {
  let results = done;
  const isDone = new Set(done.map((result) => result.ordinal));
  const rest = group.filter(({ shard }) => !isDone.has(shard.ordinal));
  const viewless = group.filter(isViewless).map(({ shard }) => shard);
  const refreshed = viewless.length === 0 ? undefined : await refreshedStates(copy, viewless);
  await inLanes(rest, SHARDS_AT_ONCE, async (one) => {
    const result = await resultOf(copy, one, refreshed, progress);
    results = [...results, result];
    progress.end(result.ordinal);
    onDone(results);
  });
  const checked = refreshed === undefined ? results : await ofSameHistory(copy.cluster, results, viewless, copy.signal);
  return [...checked].sort((a, b) => a.ordinal - b.ordinal);
}

/** What was copied of a shard before it is settled, and the receiver of its progress. */
interface SettleOptions {
  /** Undefined if nothing was copied, because the shard is small. */
  readonly copied?: Copied;
  readonly progress?: GroupProgress;
}

/**
 * Settles a shard in the view that was opened for it, and closes that. An empty shard needs none. Throws `view_lost`
 * when the cluster has lost the view, and what {@link settleShard} throws.
 */
export async function settleInView(
  copy: SnapshotCopy,
  shard: ChangedShard,
  { state, view, emptyMillis = Infinity }: ShardInView,
  { copied, progress }: SettleOptions = {},
): Promise<ShardEntry> {
  try {
    const settle = { ...(await settling(copy, shard, state!, progress)), view };
    const { signal } = copy;
    return seenSince(
      copied === undefined ? await copySmallShard(settle, signal) : await settleShard({ ...settle, copied }, signal),
      emptyMillis,
    );
  } catch (error) {
    await closeViews(copy.reader, [{ view }]);
    throw error;
  }
}

/**
 * Settles a shard in a view that the call opens. If what is known of the shard proves wrong, reads it whole. Throws
 * what {@link settleShard} throws. Whether the shard is still the same one at the end is for the caller to check.
 */
export async function settleInOwnView(
  copy: SnapshotCopy,
  shard: ChangedShard,
  { states, sinceMillis }: RefreshedStates,
  { copied, progress }: SettleOptions = {},
): Promise<ShardEntry> {
  const { signal } = copy;
  const settle = await settling(copy, shard, states.of(shard), progress);
  const entry = await trustingFirst((trusts) => {
    if (trusts)
      return copied === undefined ? copySmallShard(settle, signal) : settleShard({ ...settle, copied }, signal);
    // Not even that each document has a number of its own: clusters do not say of each index that it was shrunken.
    const target = { ...settle.target, sharesNumbers: true };
    return settleShard({ ...settle, target, base: undefined, copied: NOTHING_COPIED }, signal);
  });
  return seenSince(entry, sinceMillis);
}

/** States that were read before a refresh, and the time at which the refresh began. */
interface RefreshedStates {
  readonly states: ShardStates;
  readonly sinceMillis: number;
}

async function refreshedStates(copy: SnapshotCopy, shards: readonly ChangedShard[]): Promise<RefreshedStates> {
  const sinceMillis = Date.now();
  return { states: await statesThenRefresh(copy.cluster, indexNamesOf(shards), copy.signal), sinceMillis };
}

function isViewless({ at }: Pick<ShardToSettle, 'at'>): boolean {
  return at.state === undefined;
}

async function resultOf(
  copy: SnapshotCopy,
  one: ShardToSettle,
  viewless: RefreshedStates | undefined,
  progress: GroupProgress,
): Promise<ShardResult> {
  const { ordinal } = one.shard;
  if (one.copied?.failure !== undefined) {
    await closeViews(copy.reader, [one.at]);
    return { ordinal, failure: one.copied.failure };
  }
  try {
    return await settleOne(copy, one, viewless, progress);
  } catch (error) {
    return { ordinal, failure: failureOf(error) };
  }
}

async function settleOne(
  copy: SnapshotCopy,
  { shard, at, copied: before }: ShardToSettle,
  viewless: RefreshedStates | undefined,
  progress: GroupProgress,
): Promise<ShardResult> {
  const { ordinal } = shard;
  const { repository, signal, cluster } = copy;
  const copied = before && {
    segments: await readLists(repository.store, 'segments', before.parts, { signal }),
    covers: before.covers,
  };
  const begin = (): void => progress.begin(ordinal, copied && amountOf(copied.segments));
  begin();
  if (viewless !== undefined && isViewless({ at })) {
    return { ordinal, entry: await settleInOwnView(copy, shard, viewless, { copied, progress }) };
  }
  try {
    return { ordinal, entry: await settleInView(copy, shard, at, { copied, progress }) };
  } catch (error) {
    if (!isSnapkeepError(error, 'view_lost') && !isSnapkeepError(error, 'shard_inconsistent')) throw error;
  }
  begin();
  const entry = await settleInOwnView(copy, shard, await refreshedStates(copy, [shard]), { copied, progress });
  const [result] = await ofSameHistory(cluster, [{ ordinal, entry }], [shard], signal);
  return result!;
}

async function settling(
  copy: SnapshotCopy,
  shard: ChangedShard,
  state: ShardState,
  progress: GroupProgress | undefined,
): Promise<Omit<SettleShard, 'copied'>> {
  const { ordinal } = shard;
  const writing = segmentWriting(copy, shard, (wrote) => progress?.wrote(ordinal, wrote));
  const settle = await shardSettling(copy, shard, state, writing);
  return { ...settle, onWritten: () => progress?.enter(ordinal, 'FINALIZE') };
}

/** Returns the entry with the time from which on its documents can be. */
function seenSince(entry: ShardEntry, sinceMillis: number): ShardEntry {
  const { fromMillis, toMillis } = entry.shown ?? { fromMillis: sinceMillis, toMillis: sinceMillis };
  return { ...entry, shown: { fromMillis: Math.min(fromMillis, sinceMillis), toMillis } };
}

function amountOf(segments: readonly Segment[]): CopyProgress {
  const objects = segments.flatMap((segment) => segment.objects);
  return {
    documents: segments.reduce((sum, segment) => sum + segment.stored, 0),
    objects: objects.length,
    bytes: objects.reduce((sum, { length }) => sum + length, 0),
  };
}
