/** Creates an index that is restored, and cuts its shards into chunks. */
import { type Cluster } from '../cluster/cluster';
import { restorableIndex, type RestorablePlan } from '../cluster/writing/restorable-index';
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
    : await createIndex(cluster, call, entry, restorable, signal);
  const uuid = await cluster.indexUuid(target, signal);
  if (uuid === undefined) throw deletedDuringRestore(target);
  const chunks = await planIndexChunks(catalogue, entry, call.index.bytes, signal);
  const leftOut = [...restorable.dropped, ...dropped].map((one): LeftOut => ({ index: target, ...one }));
  return { uuid, cloned, chunks, leftOut: bounded(leftOut) };
}

async function createIndex(
  cluster: Cluster,
  call: RestoringIndex,
  { mappings }: IndexEntry,
  { createSettings, hidden }: RestorablePlan,
  signal: AbortSignal,
): Promise<{ cloned: boolean; dropped: Omit<LeftOut, 'index'>[] }> {
  const { target: name, alias } = call.index;
  const definition = { settings: createSettings, mappings, aliases: JSON.stringify({ [alias]: {} }) };
  const index = { name, definition, hidden, token: tokenOf(call) };
  const { cloned, dropped } = await cluster.createUntemplated(index, signal);
  return { cloned, dropped: dropped.map(({ kind, name, reason }) => ({ kind, name, reason: cutReason(reason) })) };
}
