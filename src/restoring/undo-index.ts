import { type Cluster } from '../cluster/cluster';
import { complaintIn } from '../cluster/http/cluster-failures';
import { isSnapkeepError } from '../contracts/errors';
import { type RestoringIndex, tokenOf } from './restoring-index';

/**
 * Deletes the index if this restore created it and did not finish it, even if somebody put a block on it, and the index
 * that it was cloned from. An index that somebody else created under the name has another uuid, and stays. Running it
 * again is harmless. Throws what the cluster throws.
 */
export async function undoIndex(
  cluster: Cluster,
  call: RestoringIndex & { readonly uuid?: string; readonly cloned: boolean },
  signal: AbortSignal,
): Promise<void> {
  if (call.cloned) await cluster.deleteEmptyIndex(tokenOf(call), signal);
  try {
    if (await isOurs(cluster, call, signal)) await deleteBlocked(cluster, call.index.target, signal);
  } catch (error) {
    if (!isSnapkeepError(error, 'index_not_found_exception')) throw error;
  }
}

/** Returns whether this restore created the index: by its uuid where that is known, or by the one-off alias. */
async function isOurs(
  cluster: Cluster,
  { index: { target, alias }, uuid }: { readonly index: RestoringIndex['index']; readonly uuid?: string },
  signal: AbortSignal,
): Promise<boolean> {
  if (uuid !== undefined && (await cluster.indexUuid(target, signal)) === uuid) return true;
  return cluster.aliasPointsTo(alias, target, signal);
}

async function deleteBlocked(cluster: Cluster, target: string, signal: AbortSignal): Promise<void> {
  try {
    await cluster.deleteIndex(target, signal);
  } catch (error) {
    if (complaintIn(error)?.type !== 'cluster_block_exception') throw error;
    const blocks = { 'index.blocks.read_only': null, 'index.blocks.metadata': null };
    await cluster.putSettings(target, JSON.stringify(blocks), signal);
    await cluster.deleteIndex(target, signal);
  }
}
