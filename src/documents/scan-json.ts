/**
 * Finds the ends of values and the positions of members in the bytes of JSON. Slices are byte for byte what was sent:
 * parsing and printing would lose 64-bit integers, `1.0`, duplicate keys and key order.
 *
 * Three things are accepted beyond RFC 8259, because Elasticsearch accepts, stores and returns them:
 * - comments, as its parsers are configured to allow them: `/* … *\/`, and `// …` up to the end of the line,
 * - control characters in strings,
 * - a byte order mark before a document.
 *
 * Everything else that is not JSON throws {@link RawJsonError}.
 */

/** Reports bytes that are not JSON, or not the expected JSON. */
export class RawJsonError extends Error {
  /** The byte at which the error was detected. */
  readonly offset: number;

  /** @param document the `_id` of the hit with the error, if it is known. */
  constructor(
    readonly what: string,
    offset: number,
    readonly document?: string,
  ) {
    super(`${what} at byte ${offset}`);
    this.name = 'RawJsonError';
    this.offset = offset;
  }
}

/** The bytes of a value: `[start, end)`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const SLASH = 0x2f;
const STAR = 0x2a;
const LINE_FEED = 0x0a;
const SPACE = 0x20;
const BOM_START = 0xef;

/** From this length on a native search for the closing quote beats the byte loop. */
const LONG_STRING = 48;

/** The kinds of the containers around the current position. One array is enough, because skipping never interleaves. */
let kinds = new Uint8Array(256);

/** Returns whether the UTF-8 form of a byte order mark is at `i`. */
export function isByteOrderMark(b: Buffer, i: number): boolean {
  return b[i] === BOM_START && b[i + 1] === 0xbb && b[i + 2] === 0xbf;
}

/**
 * Returns the first position from `i` on that is not in white space, a comment or a byte order mark; the length of the
 * buffer if there is none. Throws {@link RawJsonError} when a comment has no end.
 */
export function skipBlank(b: Buffer, i: number): number {
  const n = b.length;
  for (; i < n; i++) {
    const c = b[i];
    if (c === SPACE || c === LINE_FEED || c === 0x0d || c === 0x09) continue;
    if (c === BOM_START && isByteOrderMark(b, i)) {
      i += 2;
      continue;
    }
    if (c !== SLASH) return i;
    if (b[i + 1] === STAR) {
      const close = b.indexOf('*/', i + 2, 'latin1');
      if (close < 0) throw new RawJsonError('comment without an end', i);
      i = close + 1;
    } else if (b[i + 1] === SLASH) {
      const close = b.indexOf(LINE_FEED, i + 2);
      if (close < 0) throw new RawJsonError('comment without an end', i);
      i = close;
    } else {
      throw new RawJsonError('unexpected character', i);
    }
  }
  return i;
}

/** Returns the end of the string whose opening quote is at `i`. Throws {@link RawJsonError} when it has no end. */
export function skipString(b: Buffer, i: number): number {
  const n = b.length;
  const turn = i + LONG_STRING < n ? i + LONG_STRING : n;
  i++;
  while (i < turn) {
    const c = b[i];
    if (c === QUOTE) return i + 1;
    i += c === BACKSLASH ? 2 : 1;
  }
  for (;;) {
    const quote = i < n ? b.indexOf(QUOTE, i) : -1;
    if (quote < 0) throw new RawJsonError('string without an end', n);
    // Everything before `i` is consumed, so that only backslashes from `i` on count.
    let slashes = 0;
    while (quote - 1 - slashes >= i && b[quote - 1 - slashes] === BACKSLASH) slashes++;
    if ((slashes & 1) === 0) return quote + 1;
    i = quote + 1;
  }
}

function skipNumber(b: Buffer, start: number): number {
  let i = start;
  if (b[i] === 0x2d) i++;
  const integer = i;
  while (b[i]! >= 0x30 && b[i]! <= 0x39) i++;
  if (i === integer) throw new RawJsonError('unexpected character', start);
  if (b[i] === 0x2e) {
    const fraction = ++i;
    while (b[i]! >= 0x30 && b[i]! <= 0x39) i++;
    if (i === fraction) throw new RawJsonError('number without digits', i);
  }
  if (b[i] === 0x65 || b[i] === 0x45) {
    i++;
    if (b[i] === 0x2b || b[i] === 0x2d) i++;
    const exponent = i;
    while (b[i]! >= 0x30 && b[i]! <= 0x39) i++;
    if (i === exponent) throw new RawJsonError('number without digits', i);
  }
  return i;
}

function skipLiteral(b: Buffer, i: number, c: number): number {
  if (c === 0x74 && b[i + 1] === 0x72 && b[i + 2] === 0x75 && b[i + 3] === 0x65) return i + 4;
  if (c === 0x6e && b[i + 1] === 0x75 && b[i + 2] === 0x6c && b[i + 3] === 0x6c) return i + 4;
  if (c === 0x66 && b[i + 1] === 0x61 && b[i + 2] === 0x6c && b[i + 3] === 0x73 && b[i + 4] === 0x65) return i + 5;
  throw new RawJsonError(i < b.length ? 'unexpected character' : 'unexpected end', i);
}

/**
 * Returns the end of the value at `i`; white space and comments before it are skipped. The depth of the value is not
 * limited. Throws {@link RawJsonError} when the value is not JSON.
 */
export function skipValue(b: Buffer, i: number): number {
  let depth = 0;
  let inObject = false;
  for (;;) {
    // After the end a byte is undefined, and no comparison holds for it.
    let c = b[i]!;
    if (c <= SPACE || c === SLASH || c === BOM_START) {
      i = skipBlank(b, i);
      c = b[i]!;
    }
    let opened = false;
    if (c === QUOTE) {
      i = skipString(b, i);
    } else if (c === OPEN_OBJECT || c === OPEN_ARRAY) {
      if (depth === kinds.length) kinds = growKinds();
      kinds[depth++] = inObject ? 1 : 0;
      inObject = c === OPEN_OBJECT;
      i++;
      c = b[i]!;
      if (c <= SPACE || c === SLASH) {
        i = skipBlank(b, i);
        c = b[i]!;
      }
      // An empty container is closed below.
      opened = c !== (inObject ? CLOSE_OBJECT : CLOSE_ARRAY);
    } else if (c === 0x2d || (c >= 0x30 && c <= 0x39)) {
      i = skipNumber(b, i);
    } else {
      i = skipLiteral(b, i, c);
    }
    while (!opened) {
      if (depth === 0) return i;
      c = b[i]!;
      if (c <= SPACE || c === SLASH) {
        i = skipBlank(b, i);
        c = b[i]!;
      }
      if (c === COMMA) {
        i++;
        opened = true;
      } else if (c === (inObject ? CLOSE_OBJECT : CLOSE_ARRAY)) {
        i++;
        inObject = kinds[--depth] === 1;
      } else {
        throw new RawJsonError(i < b.length ? 'unexpected character' : 'unexpected end', i);
      }
    }
    if (inObject) i = skipKey(b, i);
  }
}

/** Returns the position after the colon of the member whose key starts at or after `i`. */
function skipKey(b: Buffer, i: number): number {
  if (b[i] !== QUOTE) {
    i = skipBlank(b, i);
    if (b[i] !== QUOTE) throw new RawJsonError('a key expected', i);
  }
  i = skipString(b, i);
  if (b[i] !== COLON) {
    i = skipBlank(b, i);
    if (b[i] !== COLON) throw new RawJsonError('a colon expected', i);
  }
  return i + 1;
}

function growKinds(): Uint8Array<ArrayBuffer> {
  const grown = new Uint8Array(kinds.length * 2);
  grown.set(kinds);
  return grown;
}

/**
 * Calls `visit` with the decoded key and the value's position for each member of the object at `start`, in order.
 * `visit` returns the value's end if it knows the end, `undefined` to skip the value, or {@link STOP} to end the walk.
 * Returns the end of the object, or -1 after `STOP`. Throws {@link RawJsonError} when the bytes are not an object.
 */
export function walkObject(
  b: Buffer,
  start: number,
  visit: (key: string, value: number) => number | undefined | typeof STOP,
): number {
  let i = skipBlank(b, start);
  if (b[i] !== OPEN_OBJECT) throw new RawJsonError('an object expected', i);
  i = skipBlank(b, i + 1);
  if (b[i] === CLOSE_OBJECT) return i + 1;
  for (;;) {
    i = skipBlank(b, i);
    if (b[i] !== QUOTE) throw new RawJsonError('a key expected', i);
    const keyEnd = skipString(b, i);
    const key = decodeString(b, i, keyEnd);
    const value = skipBlank(b, skipKey(b, i));
    const seen = visit(key, value);
    if (seen === STOP) return -1;
    i = skipBlank(b, seen ?? skipValue(b, value));
    if (b[i] === CLOSE_OBJECT) return i + 1;
    if (b[i] !== COMMA) throw new RawJsonError('a comma expected', i);
    i++;
  }
}

/** The answer of a visitor that ends {@link walkObject}. */
export const STOP = Symbol('stop');

/** Decodes the string whose raw JSON, with its quotes, is `[start, end)`. Throws RawJsonError for a wrong escape. */
export function decodeString(b: Buffer, start: number, end: number): string {
  const raw = b.toString('utf8', start, end);
  if (!raw.includes('\\')) return raw.slice(1, -1);
  try {
    return JSON.parse(raw) as string;
  } catch {
    throw new RawJsonError('a string with a wrong escape', start);
  }
}

/**
 * Returns the value at a path of keys below the object at `start`. The last of duplicate keys counts, as in parsers.
 */
export function findValue(b: Buffer, path: readonly string[], start = 0): Span | undefined {
  let at = skipBlank(b, start);
  let end = -1;
  for (const name of path) {
    if (b[at] !== OPEN_OBJECT) return undefined;
    let found = -1;
    walkObject(b, at, (key, value) => {
      if (key !== name) return undefined;
      found = value;
      end = skipValue(b, value);
      return end;
    });
    if (found < 0) return undefined;
    at = found;
  }
  return { start: at, end: end < 0 ? skipValue(b, at) : end };
}

/** Returns the raw text of a value, whose bytes must be UTF-8. */
export function textOf(b: Buffer, span: Span): string {
  return b.toString('utf8', span.start, span.end);
}
