/**
 * JSON handled as text, so that what is not looked at stays as it came: 64-bit integers, `1.0`, duplicate keys, key
 * order, whitespace.
 */

/** Marks JSON text that goes into an answer byte for byte. */
export class RawJson {
  constructor(readonly bytes: Buffer) {}
}

/** Marks a number that Elasticsearch prints as a double: `1.0`, `1.0E7`. */
export class Double {
  constructor(readonly value: number) {}

  /** As Java's `Double.toString`: scientific from 10^7 and below 10^-3. */
  toString(): string {
    const { value } = this;
    const size = Math.abs(value);
    if (value === 0 || (size >= 1e-3 && size < 1e7)) return Number.isInteger(value) ? `${value}.0` : String(value);
    const [mantissa = '', exponent = '0'] = value.toExponential().split('e');
    return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}E${Number(exponent)}`;
  }
}

/** Value of a member of a JSON object, by its place in the text. */
interface RawMember {
  readonly key: string;
  readonly start: number;
  readonly end: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

const skipSpace = (text: Buffer, at: number): number => {
  while (isSpace(text[at])) at++;
  return at;
};

/** End of the string that begins at `at`. */
function stringEnd(text: Buffer, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === BACKSLASH) i++;
    else if (text[i] === QUOTE) return i + 1;
  }
  return text.length;
}

/** End of the value that begins at `at`. */
function valueEnd(text: Buffer, at: number): number {
  const first = text[at];
  if (first === QUOTE) return stringEnd(text, at);
  if (first !== 0x7b && first !== 0x5b) {
    let end = at;
    while (end < text.length && !isSpace(text[end]) && text[end] !== 0x2c && text[end] !== 0x7d && text[end] !== 0x5d) {
      end++;
    }
    return end;
  }
  let depth = 0;
  for (let i = at; i < text.length; i++) {
    const byte = text[i];
    if (byte === QUOTE) i = stringEnd(text, i) - 1;
    else if (byte === 0x7b || byte === 0x5b) depth++;
    else if ((byte === 0x7d || byte === 0x5d) && --depth === 0) return i + 1;
  }
  return text.length;
}

/**
 * Returns the members of a JSON object in order, duplicates included. `text` must be valid JSON with an object at its
 * root.
 */
export function objectMembers(text: Buffer): RawMember[] {
  const members: RawMember[] = [];
  let at = skipSpace(text, skipSpace(text, 0) + 1);
  while (text[at] === QUOTE) {
    const keyEnd = stringEnd(text, at);
    const key = JSON.parse(text.toString('utf8', at, keyEnd)) as string;
    const start = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const end = valueEnd(text, start);
    members.push({ key, start, end });
    at = skipSpace(text, end);
    if (text[at] === 0x2c) at = skipSpace(text, at + 1);
  }
  return members;
}

/** Returns the text of the last member called `key`; undefined if there is none. */
export function rawMember(text: Buffer, key: string): Buffer | undefined {
  const member = objectMembers(text).findLast((candidate) => candidate.key === key);
  return member && text.subarray(member.start, member.end);
}

const isObject = (text: Buffer): boolean => text[skipSpace(text, 0)] === 0x7b;

/**
 * Puts the members of `patch` into `base`: objects are merged, everything else is replaced. Untouched members keep
 * their bytes.
 */
export function mergeObjects(base: Buffer, patch: Buffer): Buffer {
  const changes = new Map(objectMembers(patch).map((member) => [member.key, patch.subarray(member.start, member.end)]));
  const parts: Buffer[] = [];
  for (const { key, start, end } of objectMembers(base)) {
    const old = base.subarray(start, end);
    const change = changes.get(key);
    changes.delete(key);
    const value = change === undefined ? old : isObject(old) && isObject(change) ? mergeObjects(old, change) : change;
    parts.push(Buffer.from(`${JSON.stringify(key)}:`), value, COMMA);
  }
  for (const [key, value] of changes) parts.push(Buffer.from(`${JSON.stringify(key)}:`), value, COMMA);
  parts.pop();
  return Buffer.concat([Buffer.from('{'), ...parts, Buffer.from('}')]);
}

const COMMA = Buffer.from(',');

/**
 * Opens one level of a raw value: an object becomes a record and an array a list, of raw values; undefined for a
 * scalar. Of duplicate keys the last one counts.
 */
export function openRaw(raw: RawJson): Record<string, RawJson> | RawJson[] | undefined {
  const text = raw.bytes;
  const first = text[skipSpace(text, 0)];
  if (first === 0x7b) {
    const members = objectMembers(text).map(({ key, start, end }) => [key, new RawJson(text.subarray(start, end))]);
    return Object.fromEntries(members) as Record<string, RawJson>;
  }
  return first === 0x5b ? arrayElements(text) : undefined;
}

function arrayElements(text: Buffer): RawJson[] {
  const elements: RawJson[] = [];
  let at = skipSpace(text, skipSpace(text, 0) + 1);
  while (at < text.length && text[at] !== 0x5d) {
    const end = valueEnd(text, at);
    elements.push(new RawJson(text.subarray(at, end)));
    at = skipSpace(text, end);
    if (text[at] === COMMA[0]) at = skipSpace(text, at + 1);
  }
  return elements;
}
