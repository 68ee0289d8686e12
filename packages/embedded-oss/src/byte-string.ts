/**
 * Names and signed text as *byte strings*: JavaScript strings whose characters are the bytes 0–255 of the UTF-8 form.
 * Comparing two of them compares the bytes, which is the order of OSS listings (that of plain strings differs beyond
 * U+FFFF), and taking an HMAC of one needs no thought about encodings.
 */
export type ByteString = string;

/** Returns the UTF-8 bytes of `text`. */
export function toBytes(text: string): ByteString {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** Returns the text of UTF-8 bytes; what is no UTF-8 becomes U+FFFD. */
export function fromBytes(bytes: ByteString): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** Returns whether the bytes are valid UTF-8. */
export function isUtf8(bytes: ByteString): boolean {
  return toBytes(fromBytes(bytes)) === bytes;
}

/** Decodes `%XX`; throws URIError on a `%` that starts none. */
export function percentDecode(text: string): ByteString {
  return text.replace(/%(..?)?/g, (found, hex: string | undefined) => {
    if (hex === undefined || !/^[0-9A-Fa-f]{2}$/.test(hex)) throw new URIError(`malformed ${found}`);
    return String.fromCharCode(parseInt(hex, 16));
  });
}

/** Encodes every byte but the unreserved ones of RFC 3986 (letters, digits, `-._~`) and those in `keep`. */
export function percentEncode(bytes: ByteString, keep = ''): string {
  return bytes.replace(/[^A-Za-z0-9\-._~]/g, (char) =>
    keep.includes(char) ? char : `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
