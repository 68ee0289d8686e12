import { settingsInvalid } from '../contract/given-settings';
import { type StoreType } from '../contract/store-type';
import { OssBlobStore } from './oss-blob-store';
import { type OssSecrets, type OssSettings, parseOssSecrets, parseOssSettings } from './oss-settings';

/** A bucket of Alibaba Cloud OSS, or a base path in one. */
export const ossStoreType: StoreType<OssSettings, OssSecrets> = {
  name: 'oss',
  settings: ['endpoint', 'bucket', 'base_path', 'region'],
  secretSettings: ['access_key_id', 'secret_access_key', 'security_token'],
  placeSetting: 'base_path',
  parse: parseOssSettings,
  parseSecrets: parseOssSecrets,
  open(settings, secrets, options) {
    if (secrets === undefined) {
      throw settingsInvalid('an oss repository needs [access_key_id] and [secret_access_key]');
    }
    return new OssBlobStore(settings, secrets, options);
  },
};
