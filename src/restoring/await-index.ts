import { type Cluster } from '../cluster/cluster';
import { cutReason } from '../contracts/jobs/bounded';
import { deletedDuringRestore, type RestoringIndex, tokenOf } from './restoring-index';

/**
 * Returns what keeps the index from being written, in the cluster's words. Returns undefined once all its primaries are
 * active; the index that it was cloned from is deleted then. Throws `index_not_found_exception` when the index was
 * deleted, also if another one has its name now.
 */
export async function waitingFor(
  cluster: Cluster,
  call: RestoringIndex & { readonly uuid: string; readonly cloned: boolean },
  signal: AbortSignal,
): Promise<string | undefined> {
  const { target } = call.index;
  const waiting = await cluster.waitingFor(target, signal);
  if (waiting === undefined) {
    if (call.cloned) await cluster.deleteEmptyIndex(tokenOf(call), signal);
    return undefined;
  }
  if ((await cluster.indexUuid(target, signal)) !== call.uuid) throw deletedDuringRestore(target);
  return cutReason(waiting);
}
