import { type StoreType } from '../contract/store-type';
import { FsBlobStore } from './fs-blob-store';
import { type FsSettings, parseFsSettings } from './fs-settings';

/** A folder that every process of Snapkeep sees at the same path. */
export const fsStoreType: StoreType<FsSettings> = {
  name: 'fs',
  settings: ['location'],
  secretSettings: [],
  placeSetting: 'location',
  parse: parseFsSettings,
  open: ({ location }, _secrets, options) => new FsBlobStore(location, options),
};
