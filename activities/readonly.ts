import { SnapkeepError } from '../src/contracts/errors';

/** Throws as Elasticsearch does when a repository that was registered `readonly` would be written. */
export function refuseReadonly(repository: string, readonly: boolean): void {
  if (readonly) {
    throw new SnapkeepError('repository_settings_invalid', `[${repository}] cannot modify readonly repository`);
  }
}
