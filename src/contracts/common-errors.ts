/** Sentences that several rooms tell, each written once. */
import { SnapkeepError } from './errors';

export function repositoryMissing(repository: string): SnapkeepError {
  return new SnapkeepError('repository_missing_exception', `[${repository}] missing`, { details: { repository } });
}

export function snapshotMissing(repository: string, snapshot: string): SnapkeepError {
  return new SnapkeepError('snapshot_missing_exception', `[${repository}:${snapshot}] is missing`, {
    details: { repository, snapshot },
  });
}

/** A snapshot or delete was asked of a repository that is registered `readonly`. */
export function repositoryReadonly(repository: string): SnapkeepError {
  return new SnapkeepError(
    'repository_settings_invalid',
    `[${repository}] cannot modify a readonly repository; register it without [readonly] to write to it`,
    { details: { repository } },
  );
}

/** The front door and a worker look at different stores under the same settings. */
export function notTheSameStore(repository: string, store: string): SnapkeepError {
  return new SnapkeepError(
    'repository_verification_exception',
    `[${repository}] the front door and a worker do not see the same objects in [${store}]: ` +
      'let it be one shared folder for all processes of Snapkeep, or register a bucket',
    { details: { repository } },
  );
}

/** An index can't be restored as it was asked. `where` is `repository:snapshot`. */
export function restoreRefused(where: string, reason: string, index: string): SnapkeepError {
  return new SnapkeepError('snapshot_restore_exception', `[${where}] ${reason}`, { details: { index } });
}
