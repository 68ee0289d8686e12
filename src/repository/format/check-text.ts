/** Checks texts of a repository before they are used: names, and raw JSON. */
import { SnapkeepError } from '../../contracts/errors';
import { RawJsonError, skipValue } from '../../documents/scan-json';

/** Largest name of an index or a snapshot that clusters allow, bytes. */
const MAX_NAME_BYTES = 255;
/** Longest name of a part of a global state, characters; clusters take fewer. */
const MAX_STATE_NAME_LENGTH = 1_024;
/** Characters that clusters allow in no name of an index or a snapshot. */
const FORBIDDEN = /[\\/*?"<>| ,#]/;
/** Control characters: printed, some would end the line. */
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f]/;
/** Limits of one metadata object: values, each up to a hundred bytes when parsed, and their nesting. */
const MAX_VALUES = 4_000_000;
const MAX_DEPTH = 100;

/** Returns whether clusters allow an index of this name. */
export function isIndexName(name: string): boolean {
  return isName(name) && !/^[_+-]/.test(name) && name !== '.' && name !== '..';
}

/** Returns whether a setting, template, pipeline, policy or script may have this name. */
export function isStateName(name: string): boolean {
  return name !== '' && name.length <= MAX_STATE_NAME_LENGTH && !CONTROL.test(name);
}

/** Returns whether clusters allow a snapshot of this name. */
export function isSnapshotName(name: string): boolean {
  return isName(name) && !name.startsWith('_') && !/\s/.test(name) && name !== '.' && name !== '..';
}

function isName(name: string): boolean {
  return (
    name !== '' &&
    Buffer.byteLength(name) <= MAX_NAME_BYTES &&
    !FORBIDDEN.test(name) &&
    !CONTROL.test(name) &&
    name === name.toLowerCase()
  );
}

/**
 * Returns whether the text is one JSON object and nothing else, so that it can be inserted unchanged as a value of
 * another object. Takes no memory for its values.
 */
export function isRawObject(text: string): boolean {
  if (!text.startsWith('{') || !text.endsWith('}')) return false;
  const bytes = Buffer.from(text);
  try {
    return skipValue(bytes, 0) === bytes.length;
  } catch (error) {
    if (error instanceof RawJsonError) return false;
    throw error;
  }
}

/** Returns whether the text is one JSON object by the standard: without comments or control characters in strings. */
export function isStrictObject(text: string): boolean {
  if (!isRawObject(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Throws `repository_corrupt` if parsing the JSON would take far more memory than it has bytes: too many values, or
 * values nested too deep. Text that is not JSON passes, because the parser reports it.
 */
export function checkValues(key: string, json: Buffer): void {
  let values = 0;
  let depth = 0;
  for (let i = 0; i < json.length; i++) {
    const c = json[i];
    if (c === 0x22) i = stringEnd(json, i);
    else if (c === 0x2c) values++;
    else if (c === 0x7b || c === 0x5b) {
      values++;
      depth++;
    } else if (c === 0x7d || c === 0x5d) depth--;
    else continue;
    if (values > MAX_VALUES || depth > MAX_DEPTH) {
      const what = depth > MAX_DEPTH ? `values more than ${MAX_DEPTH} deep in each other` : `over ${MAX_VALUES} values`;
      throw new SnapkeepError('repository_corrupt', `object [${key}] holds ${what}: no repository of Snapkeep's does`);
    }
  }
}

/** Returns the position of the quote that ends the string at `start`; that of the last byte if there is none. */
function stringEnd(json: Buffer, start: number): number {
  for (let i = start + 1; ;) {
    const quote = json.indexOf(0x22, i);
    if (quote < 0) return json.length - 1;
    let slashes = 0;
    while (json[quote - 1 - slashes] === 0x5c) slashes++;
    if (slashes % 2 === 0) return quote;
    i = quote + 1;
  }
}
