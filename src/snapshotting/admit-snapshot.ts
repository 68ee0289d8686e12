import { invalidSnapshotName } from '../contracts/common-errors';
import { findSnapshot, findSnapshotByUuid } from '../repository/catalogue/root';
import { type Root } from '../repository/format/format';

/** A snapshot that is about to be made. */
interface NewSnapshot {
  readonly repository: { readonly name: string };
  readonly snapshot: string;
  readonly uuid: string;
}

/**
 * Throws `snapshot_name_already_in_use_exception` when the root has another snapshot of the name. The job's own is
 * found after a commit that got no answer.
 */
export function admitSnapshot({ repository, snapshot, uuid }: NewSnapshot, root: Root): void {
  if (findSnapshotByUuid(root, uuid) !== undefined || findSnapshot(root, snapshot) === undefined) return;
  const code = 'snapshot_name_already_in_use_exception';
  throw invalidSnapshotName(repository.name, snapshot, 'snapshot with the same name already exists', code);
}
