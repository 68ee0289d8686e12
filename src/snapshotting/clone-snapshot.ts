/** Clones a snapshot: gives (part of) it a second name, without copying anything (FORMAT.md, "The base rule"). */
import { repositoryReadonly, snapshotMissing } from '../contracts/common-errors';
import { isSnapkeepError, SnapkeepError } from '../contracts/errors';
import { type CloneSnapshotInput } from '../contracts/jobs/clone';
import { type SnapshotOutcome } from '../contracts/jobs/snapshot';
import { selectIndices } from '../elasticsearch/name-lists';
import { type OpenRepository } from '../registrations/open-repositories';
import { findSnapshot, findSnapshotByUuid } from '../repository/catalogue/root';
import { buildCloneManifest } from '../repository/committing/clone-manifest';
import { commitSnapshot } from '../repository/committing/commit-snapshot';
import { type IndexEntry, type RootEntry, type SnapshotManifest } from '../repository/format/format';
import { countRuns } from '../repository/format/number-runs';
import { admitSnapshot } from './admit-snapshot';

/** What a clone is made with. */
interface CloneContext {
  readonly repository: OpenRepository;
  readonly signal: AbortSignal;
  /** Called before the first object is written, which a roll-back has to fence. */
  readonly onTouch: () => void;
}

/**
 * Clones a snapshot. Repeating it is harmless. The source may be deleted as soon as this has returned.
 *
 * Throws `snapshot_missing_exception` for the source, also if it is deleted meanwhile;
 * `snapshot_name_already_in_use_exception`, `index_not_found_exception`; `snapshot_refused` when no index is left,
 * the source lacks shards of one, or the repository is full; and what the store throws.
 */
export async function cloneSnapshot(call: CloneSnapshotInput, context: CloneContext): Promise<SnapshotOutcome> {
  const { catalogue, write } = context.repository;
  const { signal } = context;
  const { name } = call.repository;
  if (write.readonly) throw repositoryReadonly(name);
  const from = await catalogue.viewRoot({ signal });
  const committed = findSnapshotByUuid(from.root, call.uuid);
  if (committed !== undefined) return outcomeOf(committed);
  const source = findSnapshot(from.root, call.source);
  if (source === undefined) throw snapshotMissing(name, call.source);
  admitSnapshot(call, from.root, write);
  const manifest = await catalogue.readSnapshotManifest(source.manifest, { signal });
  const clone = buildCloneManifest(manifest, chooseIndices(call, manifest), call);
  context.onTouch();
  try {
    return outcomeOf(
      await commitSnapshot(catalogue, clone, { compress: write.compress, signal, from, cloneOf: source.uuid }),
    );
  } catch (error) {
    if (!isSnapkeepError(error, 'snapshot_missing_exception')) throw error;
    throw snapshotMissing(name, call.source);
  }
}

function chooseIndices(call: CloneSnapshotInput, source: SnapshotManifest): IndexEntry[] {
  const names = source.indices.map((index) => index.name);
  const chosen = new Set(selectIndices(names, call.indices, call.ignoreUnavailable));
  const where = `[${call.repository.name}:${source.snapshot}/${source.uuid}]`;
  if (chosen.size === 0) {
    throw refused(
      `${where} No indices in the source snapshot [${source.snapshot}/${source.uuid}] matched requested pattern [${call.indices.join(',')}]`,
    );
  }
  const indices = source.indices.filter((index) => chosen.has(index.name));
  const lacking = indices.find((index) => index.shards.includes(null));
  if (lacking === undefined) return indices;
  throw refused(`${where} Can't clone index [${lacking.name}] because its snapshot was not successful.`);
}

function refused(reason: string): SnapkeepError {
  return new SnapkeepError('snapshot_refused', reason);
}

function outcomeOf({ state, shards, documents, addedBytes, endMillis, indices }: RootEntry): SnapshotOutcome {
  return { state, indices: countRuns(indices), shards, documents, addedObjects: 0, addedBytes, endMillis };
}
