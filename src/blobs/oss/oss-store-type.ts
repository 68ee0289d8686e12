import { settingsInvalid } from '../contract/given-settings';
import { type StoreType } from '../contract/store-type';
import { environmentCredentials } from './environment-credentials';
import { OssBlobStore } from './oss-blob-store';
import { type OssSecrets, type OssSettings, parseOssSecrets, parseOssSettings, SECRETS } from './oss-settings';

/** A bucket of Alibaba Cloud OSS, or a base path in one. */
export const ossStoreType: StoreType<OssSettings, OssSecrets> = {
  name: 'oss',
  settings: ['endpoint', 'bucket', 'base_path', 'region', 'ecs_ram_role'],
  secretSettings: SECRETS,
  placeSetting: 'base_path',
  parse: parseOssSettings,
  parseSecrets: parseOssSecrets,
  open(settings, secrets, { readonly, environment }) {
    const credentials = secrets ?? environmentCredentials(settings, environment);
    if (credentials === undefined) {
      throw settingsInvalid('an oss repository needs [access_key_id] and [secret_access_key], or [ecs_ram_role]');
    }
    return new OssBlobStore(settings, credentials, { readonly });
  },
};
