/** Writes the documents of several small indices in one step. */
import { type RestoreChunk } from '../contracts/jobs/restore';
import { attemptEach } from './attempt-each';
import { type ChunkRestore, restoreChunk } from './restore-chunk';
import { type RestoringIndex, type RestoringIndices, tokenOf } from './restoring-index';

/** Small indices that exist, in order: what is to be written into each. */
interface LoadedIndices extends RestoringIndices {
  readonly prepared: readonly { readonly cloned: boolean; readonly chunks: readonly RestoreChunk[] }[];
}

/**
 * Writes all documents of the indices. Returns for each whether it was written whole, without a conflict: the others
 * are written again by their own steps, which wait, retry and tell why. Calls `onLoaded` with the results whenever
 * another index is written: an attempt that resumes from them skips it. Throws when the cluster answers for none.
 */
export async function loadIndices(
  restore: ChunkRestore,
  { indices, prepared, ...job }: LoadedIndices,
  resumeFrom: readonly boolean[] | undefined,
  onLoaded: (loaded: readonly boolean[]) => void,
): Promise<boolean[]> {
  const { cluster, signal } = restore;
  const loaded = indices.map((_, i) => resumeFrom?.[i] === true);
  const targets = indices.map(({ target }) => target);
  const active = await cluster.activeIndices(targets, signal);
  await attemptEach(
    indices,
    async (index, i) => {
      const { cloned, chunks } = prepared[i]!;
      if (loaded[i] === true || !active.has(index.target)) return;
      const call = { ...job, index };
      if (cloned) await cluster.deleteEmptyIndex(tokenOf(call), signal);
      if (!(await isWritten(restore, call, chunks))) return;
      loaded[i] = true;
      onLoaded([...loaded]);
    },
    signal,
  );
  return loaded;
}

async function isWritten(
  restore: ChunkRestore,
  call: RestoringIndex,
  chunks: readonly RestoreChunk[],
): Promise<boolean> {
  const receivers = { onAdvance: () => {}, onShow: () => {} };
  for (const chunk of chunks) {
    const { conflicts } = await restoreChunk(restore, { ...call, chunk }, undefined, receivers);
    if (conflicts.total > 0) return false;
  }
  return true;
}
