import { RawJsonError, skipString } from './scan-json';

const QUOTE = 0x22;
const SLASH = 0x2f;
const STAR = 0x2a;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;

/**
 * Returns a copy of one JSON value without line breaks, so that the value fits a line of `_bulk`. Each line break
 * becomes a space. So do the bytes of a `// …` comment, because without its line break it would hide the rest of the
 * value. The length stays the same.
 *
 * Throws {@link RawJsonError} when a line break is inside a string: JSON allows raw line breaks between tokens only.
 */
export function toSingleLine(value: Buffer): Buffer {
  const line = Buffer.from(value);
  let i = 0;
  while (i < line.length) {
    const c = line[i];
    if (c === QUOTE) {
      const end = skipString(line, i);
      for (let k = i; k < end; k++) {
        if (line[k] === LINE_FEED || line[k] === CARRIAGE_RETURN) throw new RawJsonError('line break in a string', k);
      }
      i = end;
    } else if (c === SLASH && line[i + 1] === SLASH) {
      const feed = line.indexOf(LINE_FEED, i);
      if (feed < 0) throw new RawJsonError('comment without an end', i);
      line.fill(SPACE, i, feed + 1);
      i = feed + 1;
    } else if (c === SLASH && line[i + 1] === STAR) {
      const close = line.indexOf('*/', i + 2, 'latin1');
      if (close < 0) throw new RawJsonError('comment without an end', i);
      for (let k = i; k < close; k++) {
        if (line[k] === LINE_FEED || line[k] === CARRIAGE_RETURN) line[k] = SPACE;
      }
      i = close + 2;
    } else {
      if (c === LINE_FEED || c === CARRIAGE_RETURN) line[i] = SPACE;
      i++;
    }
  }
  return line;
}
