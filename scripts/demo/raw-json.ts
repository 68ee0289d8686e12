/**
 * Cuts JSON text into its parts without changing a byte. The demo compares documents with this scanner and not with the
 * product's own, because a fault in that one must not hide itself.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;

/** Yields the raw elements of the array whose `[` is at `start` (after white space). They share memory with `json`. */
export function* arrayElements(json: Buffer, start = 0): Generator<Buffer> {
  let at = expectByte(json, skipSpace(json, start), OPEN_BRACKET);
  for (;;) {
    at = skipSpace(json, at);
    if (json[at] === CLOSE_BRACKET) return;
    const end = valueEnd(json, at);
    yield json.subarray(at, end);
    at = skipSpace(json, end);
    if (json[at] === COMMA) at++;
    else expectByte(json, at, CLOSE_BRACKET);
  }
}

/** Returns the raw values of an object by name; of a repeated name the last one. They share memory with `json`. */
export function objectMembers(json: Buffer): Map<string, Buffer> {
  const members = new Map<string, Buffer>();
  let at = expectByte(json, skipSpace(json, 0), OPEN_BRACE);
  for (;;) {
    at = skipSpace(json, at);
    if (json[at] === CLOSE_BRACE) return members;
    const nameEnd = stringEnd(json, expectByte(json, at, QUOTE) - 1);
    const name = nameOf(json, at, nameEnd);
    const valueStart = skipSpace(json, expectByte(json, skipSpace(json, nameEnd), COLON));
    const end = valueEnd(json, valueStart);
    members.set(name, json.subarray(valueStart, end));
    at = skipSpace(json, end);
    if (json[at] === COMMA) at++;
    else expectByte(json, at, CLOSE_BRACE);
  }
}

/** Decodes a name. Plain names skip the JSON parser, because most are plain and repeated often. */
function nameOf(json: Buffer, start: number, end: number): string {
  const plain = json.toString('latin1', start + 1, end - 1);
  return /^[\x20-\x5b\x5d-\x7e]*$/.test(plain) ? plain : (JSON.parse(json.toString('utf8', start, end)) as string);
}

function skipSpace(json: Buffer, start: number): number {
  let at = start;
  while (json[at] === 0x20 || json[at] === 0x0a || json[at] === 0x0d || json[at] === 0x09) at++;
  return at;
}

function expectByte(json: Buffer, at: number, byte: number): number {
  if (json[at] !== byte) throw new SyntaxError(`no [${String.fromCharCode(byte)}] at byte ${at} of the JSON`);
  return at + 1;
}

function valueEnd(json: Buffer, start: number): number {
  const first = json[start];
  if (first === QUOTE) return stringEnd(json, start);
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) return scalarEnd(json, start);
  let depth = 0;
  for (let at = start; at < json.length; at++) {
    const byte = json[at];
    if (byte === QUOTE) at = stringEnd(json, at) - 1;
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
    else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --depth === 0) return at + 1;
  }
  throw new SyntaxError('the JSON ends within a value');
}

function stringEnd(json: Buffer, start: number): number {
  for (let at = start + 1; at < json.length; at++) {
    if (json[at] === BACKSLASH) at++;
    else if (json[at] === QUOTE) return at + 1;
  }
  throw new SyntaxError('the JSON ends within a string');
}

function scalarEnd(json: Buffer, start: number): number {
  let at = start;
  while (at < json.length && isScalarByte(json[at]!)) at++;
  if (at === start) throw new SyntaxError(`no value at byte ${at} of the JSON`);
  return at;
}

/** Returns whether the byte can be part of `true`, `false`, `null` or a number: a letter, a digit, `+`, `-` or `.`. */
function isScalarByte(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    byte === 0x45 ||
    byte === 0x2b ||
    byte === 0x2d ||
    byte === 0x2e
  );
}
