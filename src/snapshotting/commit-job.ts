/** Commits what a snapshot job came to: the copied shards, or the reason of its failure. */
import { STATE_KINDS } from '../contracts/global-state';
import { bounded } from '../contracts/jobs/bounded';
import { type SnapshotOutcome } from '../contracts/jobs/snapshot';
import { type OpenRepository } from '../registrations/open-repositories';
import { commitFailedSnapshot } from '../repository/committing/commit-failed-snapshot';
import { commitSnapshot } from '../repository/committing/commit-snapshot';
import { deleteLeftovers } from '../repository/deletion/orphans';
import { type RootEntry, type SnapshotManifest } from '../repository/format/format';
import { buildFailedManifest, buildManifest, type CopiedJob, type FailedJob } from './build-manifest';
import { type JobPlan } from './job-plan';

/** Options of {@link commitCopied}. */
export interface CommitOptions {
  /** Whether shards may be missing: the snapshot is PARTIAL then, and FAILED otherwise. */
  readonly partial: boolean;
  /** Whether the job may have written objects that the snapshot does not reference; they are deleted. */
  readonly leftovers: boolean;
  /** Called after the commit: the snapshot is in the catalogue before it stops being a running one. */
  readonly onCommitted: (state: SnapshotOutcome['state']) => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Makes the snapshot visible, whole. Repeating it is harmless. Throws what {@link commitSnapshot} throws, such as
 * `base_changed`: plan again.
 */
export async function commitCopied(
  { catalogue, write }: OpenRepository,
  copied: CopiedJob,
  { partial, leftovers, onCommitted, signal }: CommitOptions,
): Promise<SnapshotOutcome> {
  const manifest = buildManifest(copied, partial);
  const entry = await commitSnapshot(catalogue, manifest, { compress: write.compress, signal });
  await Promise.all([
    leftovers ? deleteLeftovers(catalogue, copied.plan.uuid, { signal }) : undefined,
    onCommitted(entry.state),
  ]);
  return { ...outcomeOf(entry, manifest), ...refusedState(copied.plan) };
}

/**
 * Commits the snapshot as FAILED: without data, with the reason. Deletes what the job had copied. If the snapshot was
 * committed after all, returns the outcome of that. Throws what {@link commitFailedSnapshot} throws.
 */
export async function commitFailed(
  { catalogue, write }: OpenRepository,
  job: FailedJob,
  plan: JobPlan | undefined,
  signal: AbortSignal,
): Promise<SnapshotOutcome> {
  const manifest = buildFailedManifest(job, plan);
  return outcomeOf(await commitFailedSnapshot(catalogue, manifest, { compress: write.compress, signal }), manifest);
}

/** Returns the parts of the global state that the snapshot lacks, if there are any. */
function refusedState({ globalState }: JobPlan): Pick<SnapshotOutcome, 'leftOut'> {
  if (globalState === undefined || globalState.refused.length === 0) return {};
  return {
    leftOut: bounded(globalState.refused.map(({ part, reason }) => ({ kind: STATE_KINDS[part], name: '*', reason }))),
  };
}

function outcomeOf(entry: RootEntry, manifest: SnapshotManifest): SnapshotOutcome {
  return {
    state: entry.state,
    indices: manifest.indices.length,
    shards: entry.shards,
    documents: entry.documents,
    addedObjects: manifest.totals.addedObjects,
    addedBytes: entry.addedBytes,
    endMillis: entry.endMillis,
  };
}
