/** Ends the restore of several small loaded indices in one step, as {@link finishIndex} ends that of one. */
import { type Cluster } from '../cluster/cluster';
import { aliasActions } from '../cluster/writing/alias-actions';
import { finishedIndex, pipelinesOf, type RestoredAlias } from '../cluster/writing/restorable-index';
import { type IndexRequest, type IndexRestore } from '../contracts/jobs/restore';
import { type Catalogue } from '../repository/catalogue/catalogue';
import { attemptEach } from './attempt-each';
import { readIndexEntry, type RestoringIndices } from './restoring-index';

/** Loaded indices, in order, each with the uuid that it was created with. */
interface LoadedIndices extends RestoringIndices {
  readonly uuids: readonly string[];
}

/** A loaded index with what it still needs. */
interface Counted {
  readonly index: IndexRestore;
  /** JSON text of the settings to put. */
  readonly settings: string;
  readonly aliases: readonly RestoredAlias[];
}

/**
 * Compares the numbers of documents, and gives the indices their settings and aliases: in one request each where they
 * are the same. Returns for each index whether it is finished. The others are finished by their own steps: indices
 * with blocks or pipelines, with other numbers of documents, and those that the cluster refuses something of.
 */
export async function finishIndices(
  cluster: Cluster,
  catalogue: Catalogue,
  { indices, uuids, ...job }: LoadedIndices,
  request: IndexRequest,
  signal: AbortSignal,
): Promise<boolean[]> {
  const present = await cluster.uuidsBehind(indices, signal);
  const own = indices.filter(({ target }, i) => present.get(target) === uuids[i]);
  await cluster.refresh(
    own.map(({ target }) => target),
    signal,
  );
  const counted = await attemptEach(
    own,
    async (index): Promise<Counted | undefined> => {
      if ((await cluster.count(index.target, signal)) !== index.documents) return undefined;
      const entry = await readIndexEntry(catalogue, { ...job, index }, signal);
      const { settings, blocks, aliases } = finishedIndex(entry, request);
      if (blocks.size > 0 || pipelinesOf(entry, request).length > 0) return undefined;
      return { index, settings: JSON.stringify(Object.fromEntries(settings)), aliases };
    },
    signal,
  );
  const finished = new Set<IndexRestore>();
  const same = new Map<string, Counted[]>();
  for (const one of counted) {
    if (one !== undefined) same.set(one.settings, [...(same.get(one.settings) ?? []), one]);
  }
  await attemptEach(
    [...same],
    async ([settings, group]) => {
      const targets = group.map(({ index }) => index.target);
      await cluster.putSharedSettings(targets, settings, signal);
      const actions = group.flatMap(({ index, aliases }) => aliasActions(index.target, aliases, index.alias));
      await cluster.updateAliases(actions, signal);
      for (const { index } of group) finished.add(index);
    },
    signal,
  );
  return indices.map((index) => finished.has(index));
}
