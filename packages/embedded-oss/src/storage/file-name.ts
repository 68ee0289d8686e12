import { createHash } from 'node:crypto';
import { type ByteString } from '../byte-string';

/** File systems take 255 bytes; room is left for suffixes. */
const MAX_NAME_BYTES = 240;

/**
 * Returns the file name of an object: letters in lower case, digits, `-`, `_` and inner `.` stand for themselves, a
 * capital letter is `^` and the small one (some file systems ignore case), any other byte is `%` and two hex digits. So
 * no key can leave the folder, and none can hide. A longer name becomes `~` and the SHA-256 of the key.
 */
export function fileNameOf(key: ByteString): string {
  const name = key.replace(/[^a-z0-9_-]/g, (char, at: number) => {
    if (char === '.' && at > 0) return char;
    if (char >= 'A' && char <= 'Z') return `^${char.toLowerCase()}`;
    return `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return name.length <= MAX_NAME_BYTES ? name : `~${createHash('sha256').update(key, 'latin1').digest('hex')}`;
}

/** Returns the key of a file name; undefined if only the file itself can tell. */
export function keyOf(fileName: string): ByteString | undefined {
  if (fileName.startsWith('~')) return undefined;
  return fileName.replace(/\^([a-z])|%([0-9a-f]{2})/g, (_, capital?: string, hex?: string) =>
    capital === undefined ? String.fromCharCode(parseInt(hex ?? '', 16)) : capital.toUpperCase(),
  );
}
