/** One index under restore: its entry in the snapshot, and the names that belong to this restore alone. */
import { SnapkeepError } from '../contracts/errors';
import { type IndexRestore } from '../contracts/jobs/restore';
import { type ObjectRef } from '../contracts/stored';
import { type Catalogue } from '../repository/catalogue/catalogue';
import { type IndexEntry } from '../repository/format/format';
import { entryOf } from './plan-restore';

/** The index that a step of a restore works on. */
export interface RestoringIndex {
  /** Id of the restore. */
  readonly id: string;
  /** The snapshot's manifest. */
  readonly manifest: ObjectRef;
  readonly index: IndexRestore;
}

/** Several small indices that one step of a restore works on. */
export interface RestoringIndices extends Omit<RestoringIndex, 'index'> {
  readonly indices: readonly IndexRestore[];
}

/** Reads the index's entry of the snapshot manifest. Throws what {@link Catalogue.readSnapshotManifest} throws. */
export async function readIndexEntry(
  catalogue: Catalogue,
  { manifest, index }: RestoringIndex,
  signal: AbortSignal,
): Promise<IndexEntry> {
  return entryOf(await catalogue.readSnapshotManifest(manifest, { signal }), index.ordinal);
}

/** Returns the part of names that makes what one restore creates for one index unique. */
export function tokenOf({ id, index }: RestoringIndex): string {
  return `${id}x${index.ordinal}`;
}

/** Returns the error of an index that somebody deleted while it was being restored. */
export function deletedDuringRestore(target: string): SnapkeepError {
  return new SnapkeepError('index_not_found_exception', `index [${target}] was deleted while it was being restored`);
}
