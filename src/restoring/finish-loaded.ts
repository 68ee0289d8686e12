/** Gives a loaded index what it had besides its documents. What the cluster refuses does not make the index fail. */
import { type Cluster } from '../cluster/cluster';
import { complaintIn } from '../cluster/http/cluster-failures';
import { aliasActions } from '../cluster/writing/alias-actions';
import { withoutMembers } from '../cluster/writing/mapping-edits';
import { finishedIndex, pipelinesOf, type RestoredAlias } from '../cluster/writing/restorable-index';
import { isSnapkeepError, type SnapkeepError } from '../contracts/errors';
import { cutReason } from '../contracts/jobs/bounded';
import { type IndexRequest, type LeftOut } from '../contracts/jobs/restore';
import { type IndexEntry } from '../repository/format/format';

/** Attempts to put aliases beyond two per alias: an alias may be refused in two ways. */
const MORE_ATTEMPTS = 3;

/**
 * Gives a loaded index its settings and aliases. Removes the one-off alias, if it still exists, in one step with adding
 * the others. Returns what the cluster refused, with the reason; that is left out. Throws other errors of the cluster.
 */
export async function finishLoaded(
  cluster: Cluster,
  entry: IndexEntry,
  target: string,
  request: IndexRequest,
  oneOffAlias: string | undefined,
  signal: AbortSignal,
): Promise<LeftOut[]> {
  const { settings, blocks, aliases } = finishedIndex(entry, request);
  const leftOut: LeftOut[] = [];
  const missed = (kind: LeftOut['kind'], name: string, reason: string): void => {
    leftOut.push({ index: target, kind, name, reason: cutReason(reason) });
  };
  await putSettings(cluster, target, settings, missed, signal);
  for (const { setting, pipeline } of pipelinesOf(entry, request)) {
    if ((await cluster.pipelineExists(pipeline, signal)) === false) {
      missed(
        'setting',
        setting,
        `kept, but the cluster has no pipeline [${pipeline}]: it refuses documents until it has`,
      );
    }
  }
  await putAliases(cluster, target, aliases, oneOffAlias, missed, signal);
  await putSettings(cluster, target, blocks, missed, signal);
  return leftOut;
}

type Missed = (kind: LeftOut['kind'], name: string, reason: string) => void;

/** Puts all settings at once. If the cluster refuses that, puts them one by one, so that only refused ones miss. */
async function putSettings(
  cluster: Cluster,
  target: string,
  settings: ReadonlyMap<string, unknown>,
  missed: Missed,
  signal: AbortSignal,
): Promise<void> {
  if (settings.size === 0) return;
  const put = (some: Record<string, unknown>): Promise<void> =>
    cluster.putSettings(target, JSON.stringify(some), signal);
  try {
    await put(Object.fromEntries(settings));
  } catch (error) {
    if (!isRefusal(error)) throw error;
    for (const [name, value] of settings) {
      try {
        await put({ [name]: value });
      } catch (one) {
        if (!isRefusal(one)) throw one;
        // The value that the index had while it was loaded must not stay.
        if (value !== null) await put({ [name]: null });
        missed('setting', name, `[${String(value)}]: ${reasonOf(one)}`);
      }
    }
  }
}

async function putAliases(
  cluster: Cluster,
  target: string,
  aliases: readonly RestoredAlias[],
  oneOffAlias: string | undefined,
  missed: Missed,
  signal: AbortSignal,
): Promise<void> {
  let left = [...aliases];
  for (let attempts = 0; ; attempts++) {
    try {
      await cluster.updateAliases(aliasActions(target, left, oneOffAlias), signal);
      return;
    } catch (error) {
      if (!isRefusal(error) || left.length === 0 || attempts > aliases.length * 2 + MORE_ATTEMPTS) throw error;
      left = withoutRefused(left, reasonOf(error), missed);
    }
  }
}

const SECOND_WRITE_INDEX = /alias \[(.+?)\] has more than one write index \[(.+?)\]/;

/** Returns the aliases without what was refused: one write index, one alias, or all if the cluster names none. */
function withoutRefused(aliases: readonly RestoredAlias[], reason: string, missed: Missed): RestoredAlias[] {
  const [, written, indices] = SECOND_WRITE_INDEX.exec(reason) ?? [];
  const writeIndex = aliases.find(({ name }) => name === written);
  if (writeIndex !== undefined) {
    missed('alias', `${written}.is_write_index`, `another index is the write index: [${indices}]`);
    const definition = withoutMembers(writeIndex.definition, ['is_write_index']);
    if (definition !== writeIndex.definition) {
      return aliases.map((alias) => (alias === writeIndex ? { ...alias, definition } : alias));
    }
  }
  const named = aliases.filter(({ name }) => reason.includes(`[${name}]`) || reason.includes(`[${name} `));
  const refused = named.length === 0 ? aliases : named;
  for (const { name } of refused) missed('alias', name, reason);
  return aliases.filter((alias) => !refused.includes(alias));
}

/** Returns whether the cluster refused the request for good: a retry would get the same answer. */
function isRefusal(error: unknown): error is SnapkeepError {
  const complaint = complaintIn(error);
  if (complaint === undefined || isSnapkeepError(error, 'index_not_found_exception')) return false;
  return complaint.status === 400 || complaint.status === 409 || complaint.type === 'illegal_state_exception';
}

function reasonOf(error: unknown): string {
  return complaintIn(error)?.reason ?? (error as Error).message;
}
