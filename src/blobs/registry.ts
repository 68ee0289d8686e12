/** Lists the types of store that a repository can lie in. A new type is one folder and one line in the list. */
import { settingsInvalid, shortened } from './contract/given-settings';
import { type StoreType } from './contract/store-type';
import { fsStoreType } from './fs/fs-store-type';
import { ossStoreType } from './oss/oss-store-type';
import { s3StoreType } from './s3/s3-store-type';

/** In the order in which messages name them. */
const STORE_TYPES = [ossStoreType, s3StoreType, fsStoreType];

/** Types that the engines have and Snapkeep has not, with the reason and the way out. */
const NOT_HERE: ReadonlyMap<string, string> = new Map([
  [
    'url',
    'it reads repositories of the engines themselves; register the store of a Snapkeep repository with [readonly]',
  ],
  ['source', 'every repository of Snapkeep keeps _source alone; register the type of its [delegate_type]'],
  ['azure', 'Snapkeep has no store for Azure Blob Storage'],
  ['gcs', 'Snapkeep has no store for Google Cloud Storage'],
  ['hdfs', 'Snapkeep has no store for HDFS; mount it and register the folder as [fs]'],
]);

/** Says where a repository is, for any type of store. Holds no credentials. */
export type StoreSettings = ReturnType<(typeof STORE_TYPES)[number]['parse']>;

/** Names of all settings that hold credentials, of every type of store. */
export const SECRET_SETTINGS: readonly string[] = STORE_TYPES.flatMap(({ secretSettings }) => secretSettings);

/** Returns the store type of that name. Throws `repository_settings_invalid` when there is none. */
export function storeTypeOf(name: string): StoreType {
  const found = STORE_TYPES.find((type) => type.name === name);
  if (found !== undefined) return found;
  const known = STORE_TYPES.map((type) => type.name).join(', ');
  const why = NOT_HERE.get(name);
  const problem = why === undefined ? 'does not exist' : `is not supported: ${why}`;
  throw settingsInvalid(`repository type [${shortened(name)}] ${problem}; known types are [${known}]`);
}
