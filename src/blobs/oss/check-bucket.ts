import { SnapkeepError } from '../../contracts/errors';

/** Storage classes whose objects can't be read before they are restored. */
const ARCHIVES = new Set(['Archive', 'ColdArchive', 'DeepColdArchive']);

/**
 * Throws `repository_settings_invalid` with the reason and the way out when no repository may lie in the bucket.
 *
 * @param info the answer of GetBucketInfo. `Versioning` is missing if versioning was never enabled.
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
  // With versioning OSS ignores x-oss-forbid-overwrite, and two writers could lose each other's snapshots.
  if (!readonly && (info.Versioning === 'Enabled' || info.Versioning === 'Suspended')) {
    throw new SnapkeepError(
      'repository_settings_invalid',
      `the bucket [${bucket}] has versioning ${info.Versioning.toLowerCase()}, where OSS does not keep a writer from overwriting another's object: use a bucket in which versioning was never turned on, or register the repository with "readonly": true`,
      { details: { bucket, versioning: info.Versioning } },
    );
  }
}
