/** Creates several small indices in one step, as {@link prepareIndex} creates one. */
import { type Cluster } from '../cluster/cluster';
import { restorableIndex } from '../cluster/writing/restorable-index';
import { bounded } from '../contracts/jobs/bounded';
import { type IndexRequest, type LeftOut, type PreparedIndices, type RestoreChunk } from '../contracts/jobs/restore';
import { type Catalogue } from '../repository/catalogue/catalogue';
import { attemptEach } from './attempt-each';
import { planIndexChunks } from './plan-restore-chunks';
import { createRestored } from './prepare-index';
import { readIndexEntry, type RestoringIndices } from './restoring-index';

interface Created {
  readonly cloned: boolean;
  readonly chunks: readonly RestoreChunk[];
  readonly leftOut: readonly LeftOut[];
}

/**
 * Creates the indices, or takes those that an earlier attempt created. An index that cannot be created now is left
 * to its own steps. Throws when the cluster or the store answers for none of them.
 */
export async function prepareIndices(
  cluster: Cluster,
  catalogue: Catalogue,
  { indices, ...job }: RestoringIndices,
  request: IndexRequest,
  signal: AbortSignal,
): Promise<PreparedIndices> {
  const existing = await cluster.uuidsBehind(indices, signal);
  const create = await cluster.untemplatedCreator(signal);
  const created = await attemptEach(
    indices,
    async (index): Promise<Created> => {
      const call = { ...job, index };
      const entry = await readIndexEntry(catalogue, call, signal);
      const chunks = await planIndexChunks(catalogue, entry, index.bytes, signal);
      const restorable = restorableIndex(entry, request);
      // It is not known whether the earlier attempt cloned the index.
      const { cloned, dropped } = existing.has(index.target)
        ? { cloned: true, dropped: [] }
        : await createRestored(create, call, entry, restorable);
      const leftOut = [...restorable.dropped, ...dropped].map((one): LeftOut => ({ index: index.target, ...one }));
      return { cloned, chunks, leftOut };
    },
    signal,
  );
  const uuids = await cluster.uuidsBehind(indices, signal);
  const prepared = indices.map(({ target }, i) => {
    const [uuid, one] = [uuids.get(target), created[i]];
    return uuid === undefined || one === undefined ? null : { uuid, ...one };
  });
  return {
    indices: prepared.map((one) => one && { uuid: one.uuid, cloned: one.cloned, chunks: one.chunks }),
    leftOut: bounded(prepared.flatMap((one) => one?.leftOut ?? [])),
  };
}
