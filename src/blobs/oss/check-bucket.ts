import { SnapkeepError } from '../../contracts/errors';

/** Classes whose objects cannot be read until somebody restores them. */
const ARCHIVES = new Set(['Archive', 'ColdArchive', 'DeepColdArchive']);

/**
 * Throws `repository_settings_invalid` where no repository may lie in such a bucket, with the reason and the way out.
 *
 * @param info as GetBucketInfo answers it; `Versioning` is missing where versioning was never on.
 */
export function assertBucketUsable(
  bucket: string,
  info: { StorageClass?: string; Versioning?: string },
  readonly: boolean,
): void {
  if (info.StorageClass !== undefined && ARCHIVES.has(info.StorageClass)) {
    throw new SnapkeepError(
      'repository_settings_invalid',
      `the bucket [${bucket}] has storage class ${info.StorageClass}, whose objects cannot be read at once: use a bucket of class Standard or IA`,
      { details: { bucket, storageClass: info.StorageClass } },
    );
  }
  // OSS ignores x-oss-forbid-overwrite there, so that two writers could lose each other's snapshots.
  if (!readonly && (info.Versioning === 'Enabled' || info.Versioning === 'Suspended')) {
    throw new SnapkeepError(
      'repository_settings_invalid',
      `the bucket [${bucket}] has versioning ${info.Versioning.toLowerCase()}, where OSS does not keep a writer from overwriting another's object: use a bucket in which versioning was never turned on, or register the repository with "readonly": true`,
      { details: { bucket, versioning: info.Versioning } },
    );
  }
}
