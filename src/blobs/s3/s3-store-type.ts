import { settingsInvalid } from '../contract/given-settings';
import { type StoreType } from '../contract/store-type';
import { S3BlobStore } from './s3-blob-store';
import { parseS3Secrets, parseS3Settings, type S3Secrets, type S3Settings } from './s3-settings';

/** A bucket of Amazon S3, or of a store with its interface that knows conditional puts; or a base path in one. */
export const s3StoreType: StoreType<S3Settings, S3Secrets> = {
  name: 's3',
  settings: [
    'endpoint',
    'protocol',
    'bucket',
    'base_path',
    'region',
    'path_style_access',
    'client',
    'server_side_encryption',
    'storage_class',
  ],
  secretSettings: ['access_key', 'secret_key', 'session_token'],
  placeSetting: 'base_path',
  parse: parseS3Settings,
  parseSecrets: parseS3Secrets,
  open(settings, secrets) {
    if (secrets === undefined) throw settingsInvalid('an s3 repository needs [access_key] and [secret_key]');
    return new S3BlobStore(settings, secrets);
  },
};
