import fc from 'fast-check';
import { countRuns, decodeRuns, encodeRuns } from '../../src/repository/format/number-runs';
import { positionsOf, without } from '../../src/repository/segments/ascending-numbers';

const sparse = fc.uniqueArray(fc.nat({ max: 2 ** 50 }), { maxLength: 50 });
const dense = fc.uniqueArray(fc.nat({ max: 60 }), { maxLength: 50 });
const lists = fc.oneof(sparse, dense).map((numbers) => Float64Array.from(numbers).sort());

test('an ascending list comes back as it was', () => {
  fc.assert(
    fc.property(lists, (numbers) => {
      const text = encodeRuns(numbers);
      expect(countRuns(text)).toBe(numbers.length);
      expect(decodeRuns(text, numbers.length)).toEqual(numbers);
    }),
  );
});

test('runs are those of the format document', () => {
  const numbers = [...Array.from({ length: 5000 }, (_, i) => 120_000 + i), 125_003, 125_004, 125_006];
  expect(encodeRuns(numbers)).toBe('120000+5000,3+2,1');
  expect(encodeRuns([])).toBe('');
  expect(encodeRuns([0])).toBe('0');
  expect(encodeRuns([0, 1, 3])).toBe('0+2,1');
});

test.each([[[2, 1]], [[-1]], [[0.5]], [[Number.MAX_SAFE_INTEGER + 1]]])('%j is no ascending list', (numbers) => {
  expect(() => encodeRuns(numbers)).toThrow('ascending');
});

test.each(['x', '1+', '+1', '1+0', '01', '1,0', '1,0+2', ',', '1,', '-1', '1.5', ' 1', '9007199254740991+2'])(
  '[%s] is no list of runs',
  (text) => {
    expect(() => countRuns(text)).toThrow('not a run');
  },
);

test('a list that claims more than it should is refused before memory is taken for it', () => {
  expect(() => decodeRuns('0+9000000000000000', 10)).toThrow('holds 9000000000000000');
});

test('the operations on ascending lists are those of sets', () => {
  fc.assert(
    fc.property(lists, lists, (all, other) => {
      const members = new Set(other);
      const rest = Array.from(all).filter((number) => !members.has(number));
      expect(Array.from(without(all, other))).toEqual(rest);
      const common = Float64Array.from(all.filter((number) => members.has(number)));
      expect(Array.from(positionsOf(all, other))).toEqual(Array.from(common, (number) => all.indexOf(number)));
    }),
  );
});
