/** Creates an index that is restored, and cuts its shards into chunks. */
import { type Cluster } from '../cluster/cluster';
import { restorableIndex, type RestorablePlan } from '../cluster/writing/restorable-index';
import { type CreatedUntemplated, type UntemplatedIndex } from '../cluster/writing/untemplated-index';
import { bounded, cutReason } from '../contracts/jobs/bounded';
import { type IndexRequest, type LeftOut, type PreparedIndex } from '../contracts/jobs/restore';
import { type Catalogue } from '../repository/catalogue/catalogue';
import { type IndexEntry } from '../repository/format/format';
import { planIndexChunks } from './plan-restore-chunks';
import { deletedDuringRestore, readIndexEntry, type RestoringIndex, tokenOf } from './restoring-index';

/**
 * Creates the index: with the mappings and number of shards that it had, without the cluster's templates. While it is
 * filled it has no replicas and no refresh, and is written through a one-off alias alone. An index that an earlier
 * attempt created is taken as it is.
 *
 * Throws `index_not_found_exception` when somebody deleted the index concurrently, and what the cluster and the store
 * throw.
 */
export async function prepareIndex(
  cluster: Cluster,
  catalogue: Catalogue,
  call: RestoringIndex,
  request: IndexRequest,
  signal: AbortSignal,
): Promise<PreparedIndex> {
  const { target, alias } = call.index;
  const entry = await readIndexEntry(catalogue, call, signal);
  const restorable = restorableIndex(entry, request);
  const isCreated = await cluster.aliasPointsTo(alias, target, signal);
  // It is not known whether the earlier attempt cloned the index.
  const { cloned, dropped } = isCreated
    ? { cloned: true, dropped: [] }
    : await createRestored((index) => cluster.createUntemplated(index, signal), call, entry, restorable);
  const uuid = await cluster.indexUuid(target, signal);
  if (uuid === undefined) throw deletedDuringRestore(target);
  const chunks = await planIndexChunks(catalogue, entry, call.index.bytes, signal);
  const leftOut = [...restorable.dropped, ...dropped].map((one): LeftOut => ({ index: target, ...one }));
  return { uuid, cloned, chunks, leftOut: bounded(leftOut) };
}

/** Creates the index by `create`. Returns whether it was cloned, and what the cluster does not know of it. */
export async function createRestored(
  create: (index: UntemplatedIndex) => Promise<CreatedUntemplated>,
  call: RestoringIndex,
  { mappings }: IndexEntry,
  { createSettings, hidden }: RestorablePlan,
): Promise<{ cloned: boolean; dropped: Omit<LeftOut, 'index'>[] }> {
  const { target: name, alias } = call.index;
  const definition = { settings: createSettings, mappings, aliases: JSON.stringify({ [alias]: {} }) };
  const { cloned, dropped } = await create({ name, definition, hidden, token: tokenOf(call) });
  return { cloned, dropped: dropped.map(({ kind, name, reason }) => ({ kind, name, reason: cutReason(reason) })) };
}
