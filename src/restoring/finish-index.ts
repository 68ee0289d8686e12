/** Ends the restore of a loaded index: compares the number of its documents, then gives it settings and aliases. */
import { type Cluster } from '../cluster/cluster';
import { complaintIn } from '../cluster/http/cluster-failures';
import { SnapkeepError } from '../contracts/errors';
import { bounded } from '../contracts/jobs/bounded';
import { type FinishedIndexResult, type IndexRequest, type LeftOut } from '../contracts/jobs/restore';
import { type Catalogue } from '../repository/catalogue/catalogue';
import { finishLoaded } from './finish-loaded';
import { deletedDuringRestore, readIndexEntry, type RestoringIndex } from './restoring-index';

/**
 * Makes all documents visible, compares their number with the manifest, and gives the index its settings and aliases.
 * The one-off alias is removed in one step with adding the aliases. Every document is on the disk by then, because the
 * index was loaded with a synchronous translog. Repeating a finished call changes nothing.
 *
 * Throws `snapshot_restore_exception` when documents are missing, `index_not_found_exception` when the index was
 * deleted.
 */
export async function finishIndex(
  cluster: Cluster,
  catalogue: Catalogue,
  call: RestoringIndex & { readonly uuid: string; readonly request: IndexRequest },
  signal: AbortSignal,
): Promise<FinishedIndexResult> {
  const { target, alias, documents } = call.index;
  const entry = await readIndexEntry(catalogue, call, signal);
  if ((await cluster.indexUuid(target, signal)) !== call.uuid) throw deletedDuringRestore(target);
  const isUnfinished = await cluster.aliasPointsTo(alias, target, signal);
  const found = await visibleDocuments(cluster, target, isUnfinished, signal);
  const tooMany = found === undefined ? [] : compareCounts(target, found, documents);
  const oneOffAlias = isUnfinished ? alias : undefined;
  const refused = await finishLoaded(cluster, entry, target, call.request, oneOffAlias, signal);
  return { leftOut: bounded([...tooMany, ...refused]) };
}

/** Returns undefined when an earlier attempt has counted, and has given the index a block that refuses to count. */
async function visibleDocuments(
  cluster: Cluster,
  target: string,
  isUnfinished: boolean,
  signal: AbortSignal,
): Promise<number | undefined> {
  try {
    await cluster.refresh([target], signal);
    return await cluster.count(target, signal);
  } catch (error) {
    if (!isUnfinished && complaintIn(error)?.type === 'cluster_block_exception') return undefined;
    throw error;
  }
}

/** Throws when documents are missing. Reports documents too many: somebody else wrote them. */
function compareCounts(target: string, found: number, expected: number): LeftOut[] {
  if (found < expected) {
    throw new SnapkeepError(
      'snapshot_restore_exception',
      `index [${target}] has ${found} documents after the restore, the snapshot ${expected}: somebody else deleted some during the restore; ` +
        'the index was deleted, restore it again',
      { details: { index: target, expected, found } },
    );
  }
  if (found === expected) return [];
  const reason = `${found - expected} documents that the snapshot does not hold were written during the restore, and kept`;
  return [{ index: target, kind: 'document', name: '*', reason }];
}
