/** Begins a restore: decides which index becomes which, and refuses what cannot be restored. */
import { type Cluster } from '../cluster/cluster';
import { SnapkeepError } from '../contracts/errors';
import { type BeginRestoreResult, type RestoreRequest } from '../contracts/jobs/restore';
import { type Catalogue } from '../repository/catalogue/catalogue';
import { findSnapshot } from '../repository/catalogue/root';
import { type Root, type RootEntry, type SnapshotManifest } from '../repository/format/format';
import { checkRestore } from './check-restore';
import { groupsOf, planRestore, planStreams, totalsOf } from './plan-restore';

/** A restore of at most this many indices and stored bytes is done without child workflows. */
const INLINE_INDICES = 8;
const INLINE_BYTES = 64 * 1024 * 1024;

/** A restore that begins, and what its first step works with. */
interface BeginRestore {
  readonly job: {
    readonly repository: { readonly name: string };
    readonly snapshot: string;
    readonly id: string;
    readonly request: RestoreRequest;
  };
  readonly cluster: Cluster;
  readonly catalogue: Catalogue;
  readonly signal: AbortSignal;
  /** Enters the job in the ledger of its place, or changes its entry: `reads` is the uuid of the snapshot. */
  readonly enterLedger: (reads?: string) => Promise<void>;
}

/**
 * Plans the restore. Changes nothing in the cluster. Enters the job in the ledger before it reads the catalogue: from
 * then on no sweep deletes what the restore reads.
 *
 * Throws `snapshot_restore_exception` when the snapshot is missing or failed, and what {@link planRestore} and
 * {@link checkRestore} throw.
 */
export async function beginRestore({
  job,
  cluster,
  catalogue,
  signal,
  enterLedger,
}: BeginRestore): Promise<BeginRestoreResult> {
  const where = `${job.repository.name}:${job.snapshot}`;
  await enterLedger();
  const entry = findRestorable(await catalogue.readRoot({ signal }), job);
  const manifest = await catalogue.readSnapshotManifest(entry.manifest, { signal });
  const globalState = job.request.includeGlobalState ? stateOf(manifest, job) : undefined;
  const plan = await planRestore(where, job.id, manifest, job.request);
  const streams = planStreams(manifest, job.request);
  await checkRestore(cluster, where, manifest, { plan, streams }, job.request, signal);
  await enterLedger(entry.uuid);
  const totals = totalsOf(plan);
  const isSmall = totals.indices <= INLINE_INDICES && totals.bytes <= INLINE_BYTES;
  return {
    manifest: entry.manifest,
    snapshotUuid: entry.uuid,
    version: manifest.cluster.version,
    totals,
    ...(streams.length === 0 ? {} : { dataStreams: streams.length }),
    ...(globalState === undefined ? {} : { globalState }),
    ...(isSmall ? { indices: plan, groups: [] } : { groups: groupsOf(plan) }),
  };
}

/** Returns the snapshot's global state. Throws Elasticsearch's error when it has none. */
function stateOf(
  { uuid, globalState: ref, cluster: { product } }: SnapshotManifest,
  { repository, snapshot }: BeginRestore['job'],
): BeginRestoreResult['globalState'] {
  if (ref !== undefined) return { ref, product };
  throw new SnapkeepError(
    'snapshot_restore_exception',
    `[${repository.name}:${snapshot}/${uuid}] cannot restore global state since the snapshot was created without global state`,
    { details: { repository: repository.name, snapshot } },
  );
}

function findRestorable(root: Root, { repository, snapshot }: BeginRestore['job']): RootEntry {
  const details = { repository: repository.name, snapshot };
  const refused = (reason: string): SnapkeepError =>
    new SnapkeepError('snapshot_restore_exception', `[${repository.name}:${snapshot}] ${reason}`, { details });
  const entry = findSnapshot(root, snapshot);
  if (entry === undefined) throw refused('snapshot does not exist');
  if (entry.state === 'FAILED') {
    throw refused('unsupported snapshot state [FAILED]: it holds no data; GET it for the reasons');
  }
  return entry;
}
