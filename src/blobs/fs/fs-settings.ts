/** The settings of an `fs` repository, named as in Elasticsearch. */
import path from 'node:path';
import { type GivenSettings, requiredSetting, settingsInvalid } from '../contract/given-settings';
import { type StorePolicy } from '../contract/store-policy';

/** Says where an `fs` repository is. */
export interface FsSettings {
  readonly type: 'fs';
  /** Absolute folder, inside one of the roots of SNAPKEEP_PATH_REPO. */
  readonly location: string;
}

/** Parses the settings of an `fs` repository, without looking at the disk. Throws `repository_settings_invalid`. */
export function parseFsSettings(given: GivenSettings, { pathRepo }: StorePolicy): FsSettings {
  const value = requiredSetting(given, 'location');
  const [first] = pathRepo;
  if (first === undefined) {
    throw settingsInvalid('repositories of type [fs] need SNAPKEEP_PATH_REPO, which is not set');
  }
  const location = path.resolve(first, value);
  if (!pathRepo.some((root) => isInside(location, root))) {
    throw settingsInvalid(
      `location [${value}] doesn't match any of the locations specified by SNAPKEEP_PATH_REPO: [${pathRepo.join(', ')}]`,
    );
  }
  return { type: 'fs', location };
}

function isInside(location: string, root: string): boolean {
  return location === root || location.startsWith(root.endsWith(path.sep) ? root : root + path.sep);
}
