/** Errors that several rooms throw with the same text. */
import { type ErrorCode, SnapkeepError } from './errors';

/** Returns the error for a repository that is not registered. */
export function repositoryMissing(repository: string): SnapkeepError {
  return new SnapkeepError('repository_missing_exception', `[${repository}] missing`, { details: { repository } });
}

/** Returns the error for a snapshot that does not exist. */
export function snapshotMissing(repository: string, snapshot: string): SnapkeepError {
  return new SnapkeepError('snapshot_missing_exception', `[${repository}:${snapshot}] is missing`, {
    details: { repository, snapshot },
  });
}

/** Returns the error for a name that a new snapshot can't have. */
export function invalidSnapshotName(
  repository: string,
  snapshot: string,
  problem: string,
  code: ErrorCode = 'invalid_snapshot_name_exception',
): SnapkeepError {
  return new SnapkeepError(code, `[${repository}:${snapshot}] Invalid snapshot name [${snapshot}], ${problem}`, {
    details: { repository, snapshot },
  });
}

/** Returns the error for a change of a repository that is registered with `readonly`. */
export function repositoryReadonly(repository: string): SnapkeepError {
  return new SnapkeepError(
    'repository_readonly',
    `[${repository}] cannot modify a readonly repository; register it without [readonly] to write to it`,
    { details: { repository } },
  );
}

/** Returns the error for settings that lead the front door and a worker to different stores. `worker` says which. */
export function notTheSameStore(repository: string, worker: string, store: string): SnapkeepError {
  return new SnapkeepError(
    'repository_verification_exception',
    `[${repository}] the front door and ${worker} do not see the same objects in [${store}]: ` +
      'let it be one shared folder for all processes of Snapkeep, or register a bucket',
    { details: { repository } },
  );
}

/** Returns the error for an index that can't be restored as requested. `where` is `repository:snapshot`. */
export function restoreRefused(where: string, reason: string, index: string): SnapkeepError {
  return new SnapkeepError('snapshot_restore_exception', `[${where}] ${reason}`, { details: { index } });
}

/** Returns the error for a call that the Temporal service did not answer, or answered with a failure of its own. */
export function temporalUnavailable(reason: string, cause: unknown): SnapkeepError {
  return new SnapkeepError('temporal_unavailable', `Temporal did not answer: ${reason}`, { cause });
}
