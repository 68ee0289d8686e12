import { settingsInvalid } from './given-settings';

/** Parses the setting `base_path`: a key prefix, without `/` at its ends. Throws `repository_settings_invalid`. */
export function parseBasePath(value: string): string {
  const basePath = value.replace(/^\/+|\/+$/g, '');
  const isPart = (part: string): boolean => /^[A-Za-z0-9._-]+$/.test(part) && part !== '.' && part !== '..';
  if (basePath === '' || basePath.split('/').every(isPart)) return basePath;
  throw settingsInvalid(`setting [base_path] may hold letters, digits, [._-] and [/] only: [${basePath}]`);
}
