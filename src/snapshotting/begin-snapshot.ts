/** Begins a snapshot: decides what has to be copied, and ends the job at once when that is next to nothing. */
import { type Cluster } from '../cluster/cluster';
import { isSnapkeepError, SnapkeepError } from '../contracts/errors';
import { type GlobalState } from '../contracts/global-state';
import { type BeginSnapshotResult, type SnapshotRequest } from '../contracts/jobs/snapshot';
import { type CodecPool } from '../documents/codec-pool';
import { type OpenRepository } from '../registrations/open-repositories';
import { announceBuilding } from '../repository/committing/announce-building';
import { keepGlobalState } from '../repository/committing/keep-global-state';
import { type Root } from '../repository/format/format';
import { admitSnapshot } from './admit-snapshot';
import { commitCopied, type CommitOptions } from './commit-job';
import { copyAtOnce } from './copy-at-once';
import { type FoundIndices } from './find-indices';
import { areReadInViews, basesOf, changedShards, countsOf, groupShards, type JobPlan, writePlan } from './job-plan';
import { type NoteReader } from './note-reader';
import { planSnapshot } from './plan-snapshot';

/** A snapshot that begins, and what its first step works with. */
interface BeginSnapshot {
  readonly job: {
    readonly repository: { readonly name: string };
    readonly snapshot: string;
    readonly uuid: string;
    readonly partial: boolean;
    readonly startMillis: number;
    readonly request: SnapshotRequest;
  };
  readonly cluster: Cluster;
  readonly pool: CodecPool;
  readonly repository: OpenRepository;
  readonly notes: NoteReader;
  /** Whether an earlier attempt may have done a part of the step. */
  readonly repeated: boolean;
  readonly signal: AbortSignal;
  /**
   * Enters the job in the ledger of its place, or changes its entry: `reads` are uuids of the snapshots that it builds
   * on. Returns false when the job has to wait for another one.
   */
  readonly enterLedger: (indices: readonly string[], reads?: readonly string[]) => Promise<boolean>;
  readonly onCommitted: CommitOptions['onCommitted'];
  /** Called before the first step that a roll-back would have to fence. */
  readonly onTouch: () => void;
}

/**
 * Begins the snapshot of the indices. Returns `queued` when another job works on one of them, `committed` when there
 * was next to nothing to copy, and else the plan, which is written to the bucket.
 *
 * Enters the job in the ledger before it reads the catalogue, because a sweep could otherwise delete what the plan
 * builds on. Throws `snapshot_name_already_in_use_exception`, `snapshot_refused`, and what the cluster and the store
 * throw.
 */
export async function beginSnapshot(
  begin: BeginSnapshot,
  { info, indices, dataStreams, globalState }: FoundIndices,
): Promise<BeginSnapshotResult> {
  const { job, repository, notes, cluster, pool, repeated, signal } = begin;
  const { catalogue } = repository;
  const names = indices.map((index) => index.name);
  if (!(await begin.enterLedger(names))) return { kind: 'queued', mayHaveCommitted: repeated };
  const statesMillis = Date.now();
  const [root, states] = await Promise.all([catalogue.readRoot({ signal }), cluster.shardStates(names, signal)]);
  admitSnapshot(job, root, repository.write);
  const inputs = { call: job, info, indices, states, statesMillis, root, catalogue, cluster, signal };
  const plan = { ...(await planSnapshot(inputs)), ...(dataStreams.length === 0 ? {} : { dataStreams }) };
  const copy = { cluster, reader: cluster.readerOf(info), pool, repository, notes, uuid: job.uuid, signal };
  const copied = await copyAtOnce(copy, plan, states);
  if (copied === undefined) {
    const among = new Set(basesOf(plan));
    return keepPlan(begin, names, await withState(begin, plan, root, globalState, among));
  }
  const whole = { ...copied, plan: await withState(begin, copied.plan, root, globalState) };
  begin.onTouch();
  const outcome = await commitCopied(repository, whole, {
    partial: job.partial,
    leftovers: repeated,
    onCommitted: begin.onCommitted,
    signal,
  });
  return { kind: 'committed', outcome };
}

/**
 * Returns the plan with the global state, which is stored if it is a new one. It is shared only with snapshots `among`
 * those that stay while this one is being taken; undefined: with any.
 */
async function withState(
  { job, repository: { store, write }, signal }: BeginSnapshot,
  plan: JobPlan,
  root: Root,
  state: GlobalState | undefined,
  among?: ReadonlySet<string>,
): Promise<JobPlan> {
  if (state === undefined) return plan;
  const ref = await keepGlobalState(store, root, job.uuid, state, { compress: write.compress, among, signal });
  return { ...plan, globalState: { ref, refused: state.refused } };
}

/** Writes the plan. First reports what the job builds on: to its ledger, and in the root to other installations. */
async function keepPlan(
  { job, repository, repeated, signal, enterLedger, onTouch }: BeginSnapshot,
  indices: readonly string[],
  plan: JobPlan,
): Promise<BeginSnapshotResult> {
  const { store, catalogue, write } = repository;
  const reads = basesOf(plan);
  const changed = changedShards(plan);
  if (reads.length > 0) {
    onTouch();
    await announceBuilding(catalogue, { uuid: job.uuid, reads }, { signal });
  }
  await enterLedger(indices, reads);
  return {
    kind: 'planned',
    mayHaveCommitted: repeated || reads.length > 0,
    plan: await writePlan(store, plan, { compress: write.compress, signal }),
    groups: groupShards(changed),
    smallInViews: areReadInViews(changed),
    counts: countsOf(plan),
  };
}

/**
 * Runs the first step of a snapshot. If it fails before it called `touch`, the error says so in its details
 * (`untouched`): a roll-back has nothing to fence then. `repeated`: an earlier attempt may have touched something.
 */
export async function markUntouched<T>(repeated: boolean, begin: (touch: () => void) => Promise<T>): Promise<T> {
  let touched = repeated;
  try {
    return await begin(() => {
      touched = true;
    });
  } catch (error) {
    if (touched || !isSnapkeepError(error)) throw error;
    throw new SnapkeepError(error.code, error.message, {
      details: { ...error.details, untouched: true },
      cause: error,
    });
  }
}
