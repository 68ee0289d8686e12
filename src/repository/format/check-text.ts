/** Whether texts of a repository are what they should be before they are used: names, and raw JSON. */
import { SnapkeepError } from '../../contracts/errors';
import { RawJsonError, skipValue } from '../../documents/scan-json';

/** Bytes of a name of an index or a snapshot: what clusters allow. */
const MAX_NAME_BYTES = 255;
/** What clusters allow in no name of an index or snapshot. */
const FORBIDDEN = /[\\/*?"<>| ,#]/;
/** What ends a line where a name is printed. */
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f]/;
/** Values that one metadata object may hold, and how deep they may lie: parsed, each takes up to a hundred bytes. */
const MAX_VALUES = 4_000_000;
const MAX_DEPTH = 100;

/** Whether clusters allow an index of this name. */
export function isIndexName(name: string): boolean {
  return isName(name) && !/^[_+-]/.test(name) && name !== '.' && name !== '..';
}

/** Whether clusters allow a snapshot of this name. */
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
 * Whether the text is one JSON object and nothing else: it can be put among other members as it is, and closes what it
 * opens. Takes no memory for its values.
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

/** As {@link isRawObject}, by the letter of the standard: no comments, no control characters in strings. */
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
 * Throws `repository_corrupt` if parsing the JSON would take far more memory than it has bytes: too many values, or values
 * too deep in each other. What is no JSON at all passes, for the parser to tell.
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

/** Position of the quote that ends the string which begins at `start`; the last byte if none does. */
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
