import { SnapkeepError } from '../../contracts/errors';

/** Settings of a registration by name, as text and not yet checked. */
export type GivenSettings = ReadonlyMap<string, string>;

/** Returns the value of a setting. Throws `repository_settings_invalid` when it is missing or empty. */
export function requiredSetting(given: GivenSettings, name: string): string {
  const value = given.get(name);
  if (value === undefined || value === '') throw settingsInvalid(`missing setting [${name}]`);
  return value;
}

/** Returns the error of a registration whose settings can't be used. */
export function settingsInvalid(message: string): SnapkeepError {
  return new SnapkeepError('repository_settings_invalid', message);
}

/** Characters of a caller's name that an error repeats. */
const MAX_SHOWN = 100;

/** Returns the beginning of a name that a caller chose, short enough for an error message. */
export function shortened(name: string): string {
  return name.slice(0, MAX_SHOWN);
}
