/** Which index of a snapshot becomes which index of the cluster. Pure. */
import { SnapkeepError } from '../src/contracts/errors';
import { selectNames } from '../src/contracts/index-expression';
import { javaRename } from '../src/contracts/java-rename';
import { type IndexRestore, type RestoreRequest } from '../src/contracts/jobs';
import { type SnapshotManifest } from '../src/repository/format';

/**
 * @param where `repository:snapshot`, for messages.
 * @param id of the restore: makes the one-off aliases its own.
 *
 * Throws `index_not_found_exception` for a name that the snapshot doesn't hold, `snapshot_restore_exception` for an
 * index of which it holds only some shards (unless `partial`) and for two indices renamed into one.
 */
export function planRestore(
  where: string,
  id: string,
  manifest: SnapshotManifest,
  request: RestoreRequest,
): IndexRestore[] {
  const names = manifest.indices.map((index) => index.name);
  const wanted = new Set(selectNames(names, request.indices, request.ignoreUnavailable));
  const rename =
    request.renamePattern === undefined || request.renameReplacement === undefined
      ? (name: string) => name
      : javaRename(request.renamePattern, request.renameReplacement);
  const sources = new Map<string, string>();
  const plan: IndexRestore[] = [];
  for (const [ordinal, index] of manifest.indices.entries()) {
    if (!wanted.has(index.name)) continue;
    const shards = index.shards.filter((shard) => shard !== null);
    if (shards.length < index.shards.length && !request.partial) {
      throw refusal(where, `index [${index.name}] wasn't fully snapshotted - cannot restore`, index.name);
    }
    const target = rename(index.name);
    const other = sources.get(target);
    if (other !== undefined) {
      throw refusal(
        where,
        `indices [${index.name}] and [${other}] are renamed into the same index [${target}]`,
        target,
      );
    }
    sources.set(target, index.name);
    const sum = (field: 'documents' | 'bytes' | 'objects'): number =>
      shards.reduce((all, shard) => all + shard.totals[field], 0);
    plan.push({
      source: index.name,
      ordinal,
      target,
      alias: `.snapkeep-restore-${id}-${ordinal}`,
      shards: index.shards.length,
      documents: sum('documents'),
      bytes: sum('bytes'),
      objects: sum('objects'),
    });
  }
  return plan;
}

function refusal(where: string, reason: string, index: string): SnapkeepError {
  return new SnapkeepError('snapshot_restore_exception', `[${where}] ${reason}`, { details: { index } });
}
