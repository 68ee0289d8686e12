/** Lists the types of store that a repository can lie in. A new type is one folder and one line in the list. */
import { settingsInvalid, shortened } from './contract/given-settings';
import { type StoreType } from './contract/store-type';
import { fsStoreType } from './fs/fs-store-type';
import { ossStoreType } from './oss/oss-store-type';

/** In the order in which messages name them. */
const STORE_TYPES = [ossStoreType, fsStoreType];

/** Says where a repository is, for any type of store. Holds no credentials. */
export type StoreSettings = ReturnType<(typeof STORE_TYPES)[number]['parse']>;

/** Names of all settings that hold credentials, of every type of store. */
export const SECRET_SETTINGS: readonly string[] = STORE_TYPES.flatMap(({ secretSettings }) => secretSettings);

/** Returns the store type of that name. Throws `repository_settings_invalid` when there is none. */
export function storeTypeOf(name: string): StoreType {
  const found = STORE_TYPES.find((type) => type.name === name);
  if (found !== undefined) return found;
  const known = STORE_TYPES.map((type) => type.name).join(', ');
  throw settingsInvalid(`repository type [${shortened(name)}] does not exist; known types are [${known}]`);
}
