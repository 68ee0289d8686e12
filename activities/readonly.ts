import { repositoryReadonly } from '../src/contracts/common-errors';

/** Throws `repository_settings_invalid` when a repository that was registered `readonly` would be written. */
export function refuseReadonly(repository: string, readonly: boolean): void {
  if (readonly) throw repositoryReadonly(repository);
}
