import fc from 'fast-check';
import { toBytes } from '../src/byte-string';
import { fileNameOf, keyOf } from '../src/storage/file-name';

const keys = fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }).map(toBytes);

test('a key comes back from its file name, and different keys never share one, even where case is ignored', () => {
  fc.assert(
    fc.property(keys, keys, (one, other) => {
      const name = fileNameOf(one);
      if (!name.startsWith('~')) expect(keyOf(name)).toBe(one);
      if (one !== other) expect(name.toLowerCase()).not.toBe(fileNameOf(other).toLowerCase());
    }),
    { numRuns: 500 },
  );
});

test('a file name is harmless: no separators, not hidden, at most 240 plain characters', () => {
  fc.assert(
    fc.property(fc.oneof(keys, fc.string({ minLength: 300, maxLength: 1000 }).map(toBytes)), (key) => {
      expect(fileNameOf(key)).toMatch(/^[a-z0-9_%^~-][a-z0-9_.%^-]{0,239}$/);
    }),
    { numRuns: 300 },
  );
  expect(fileNameOf('..')).toBe('%2e.');
  expect(fileNameOf('../../etc/passwd')).toBe('%2e.%2f..%2fetc%2fpasswd');
  expect(fileNameOf('Index-1')).toBe('^index-1');
});
