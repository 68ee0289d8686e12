import fc from 'fast-check';
import { matcher, selectExactly, selectNames, selectToDelete, splitNames } from '../../src/elasticsearch/name-lists';
import { DELETE_LISTS, LIST_NAMES, SHOW_LISTS, STATUS_LISTS } from '../support/name-lists';

const outcome = ({ selected, missing }: { selected: readonly string[]; missing: readonly string[] }): unknown =>
  missing.length > 0 ? `${missing[0]} is missing` : [...selected].sort();

describe('lists of names', () => {
  it.each(SHOW_LISTS)('show by %s what Elasticsearch 8 shows', (list, expected) => {
    expect(outcome(selectNames(splitNames(list), LIST_NAMES))).toEqual(expected);
  });

  it.each(DELETE_LISTS)('delete by %s what the engines delete', (list, expected) => {
    expect(outcome(selectToDelete(splitNames(list), LIST_NAMES))).toEqual(expected);
  });

  it.each(STATUS_LISTS)('give by %s the status that the engines give', (list, expected) => {
    expect(outcome(selectExactly(splitNames(list), LIST_NAMES))).toEqual(expected);
  });

  it('take a wildcard for what a regular expression would', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '-'), maxLength: 8 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 6 });
    fc.assert(
      fc.property(pattern, text, (wild, name) => {
        const expression = new RegExp(`^${wild.replaceAll('*', '.*')}$`);
        expect(matcher(wild)(name)).toBe(expression.test(name));
      }),
      { numRuns: 2_000 },
    );
  });

  it('answer at once for a pattern made to stop it', () => {
    const started = Date.now();
    matcher(`${'*a'.repeat(40)}b`)('a'.repeat(5_000));
    expect(Date.now() - started).toBeLessThan(2_000);
  });
});
