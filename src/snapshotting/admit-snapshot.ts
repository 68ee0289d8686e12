import { invalidSnapshotName } from '../contracts/common-errors';
import { SnapkeepError } from '../contracts/errors';
import { type WriteSettings } from '../registrations/write-settings';
import { findSnapshot, findSnapshotByUuid } from '../repository/catalogue/root';
import { type Root } from '../repository/format/format';

/** A snapshot that is about to be made. */
interface NewSnapshot {
  readonly repository: { readonly name: string };
  readonly snapshot: string;
  readonly uuid: string;
}

/**
 * Throws `snapshot_name_already_in_use_exception` when the root has another snapshot of the name, and
 * `snapshot_refused` when it has as many snapshots as it may. The job's own is found after a commit that got no answer.
 */
export function admitSnapshot(
  { repository, snapshot, uuid }: NewSnapshot,
  root: Root,
  { maxSnapshots }: Pick<WriteSettings, 'maxSnapshots'>,
): void {
  if (findSnapshotByUuid(root, uuid) !== undefined) return;
  if (findSnapshot(root, snapshot) !== undefined) {
    const code = 'snapshot_name_already_in_use_exception';
    throw invalidSnapshotName(repository.name, snapshot, 'snapshot with the same name already exists', code);
  }
  const { length } = root.snapshots;
  if (length < maxSnapshots) return;
  throw new SnapkeepError(
    'snapshot_refused',
    `[${repository.name}:${snapshot}] Cannot add another snapshot to this repository as it already contains [${length}] snapshots and is configured to hold up to [${maxSnapshots}] snapshots only.`,
  );
}
