import fc from 'fast-check';
import { findValue, RawJsonError, skipValue, STOP, textOf, walkObject } from '../../src/documents/scan-json';
import { toSingleLine } from '../../src/documents/single-line';
import { rawObject, rawValue } from '../cluster/hostile-documents';

describe('raw JSON', () => {
  it('finds the end of any value, whatever follows it', () => {
    fc.assert(
      fc.property(rawValue, fc.constantFrom('', ',', ']', '}', ' ', ' x', ',"a":1'), (value, rest) => {
        expect(skipValue(Buffer.from(value + rest), 0)).toBe(Buffer.byteLength(value));
      }),
      { numRuns: 500 },
    );
  });

  it('throws where JSON.parse throws, but for comments and control characters in strings', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('{', '}', '[', ']', '"', ',', ':', '1', 'a', ' ', '\\', 't', '-') }),
        (text) => {
          let valid = true;
          try {
            JSON.parse(text);
          } catch {
            valid = false;
          }
          const bytes = Buffer.from(text);
          const whole = (): boolean => skipValue(bytes, 0) === text.trimEnd().length;
          if (valid) expect(whole()).toBe(true);
          // Escapes and leading zeros are not looked at: nothing that is sliced depends on them.
          else if (!/\\|[01]1|-1/.test(text)) expect(attempt(whole)).toBe(false);
        },
      ),
      { numRuns: 1_500 },
    );
  });

  it('slices members as they were written, the last of those with one name', () => {
    const text = '{"a": {"b":1.10, "b" : 12345678901234567890 , "c":{}}, "\\u0064":[1, 2] }';
    const bytes = Buffer.from(text);
    const at = (...path: string[]) => {
      const span = findValue(bytes, path);
      return span && textOf(bytes, span);
    };
    expect(at('a', 'b')).toBe('12345678901234567890');
    expect(at('d')).toBe('[1, 2]');
    expect(at('a', 'c')).toBe('{}');
    expect(at('a', 'b', 'c')).toBeUndefined();
    expect(at('x')).toBeUndefined();
  });

  it('walks the members of an object as a parser sees them', () => {
    fc.assert(
      fc.property(rawObject, (object) => {
        const bytes = Buffer.from(object);
        const seen: [string, unknown][] = [];
        walkObject(bytes, 0, (key, start) => {
          const end = skipValue(bytes, start);
          seen.push([key, JSON.parse(bytes.toString('utf8', start, end))]);
          return end;
        });
        const parsed = JSON.parse(object) as Record<string, unknown>;
        expect(Object.fromEntries(seen)).toEqual({ ...parsed });
      }),
    );
  });

  it('stops walking when told', () => {
    const keys: string[] = [];
    const stopped = walkObject(Buffer.from('{"a":1,"b":2,"c":'), 0, (key) => {
      keys.push(key);
      return key === 'b' ? STOP : undefined;
    });
    expect([stopped, keys]).toEqual([-1, ['a', 'b']]);
  });
});

describe('a document on a single line', () => {
  it('means what it meant, without line breaks and line comments', () => {
    const pretty = Buffer.from('{\n  "a": "x\\n//y", // said "so"\r\n  "b": [1, /* {\n */ 2]\n}\n');
    const line = toSingleLine(pretty);
    expect(line.length).toBe(pretty.length);
    expect(line.includes('\n') || line.includes('\r')).toBe(false);
    expect(JSON.parse(line.toString().replace(/\/\*.*?\*\//g, ''))).toEqual({ a: 'x\n//y', b: [1, 2] });
  });

  it('keeps any document', () => {
    fc.assert(
      fc.property(rawObject, (object) => {
        const spread = Buffer.from(`\n${object}\r\n`);
        expect(toSingleLine(spread).toString()).toBe(` ${object}  `);
      }),
    );
  });

  it('refuses a line break inside a string', () => {
    expect(() => toSingleLine(Buffer.from('{"a":"\n"}'))).toThrow(RawJsonError);
  });
});

function attempt(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}
