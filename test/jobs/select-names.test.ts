import fc from 'fast-check';
import { matcher, selectNames, splitNames } from '../../src/jobs/select-names';

const NAMES = ['nightly-1', 'nightly-2', 'weekly-1', '-odd'];

describe('lists of names', () => {
  it.each([
    ['_all', NAMES],
    ['*', NAMES],
    ['nightly-*', ['nightly-1', 'nightly-2']],
    ['*-1', ['nightly-1', 'weekly-1']],
    ['weekly-1,nightly-1', ['nightly-1', 'weekly-1']],
    ['*,-nightly-*', ['weekly-1', '-odd']],
    ['nightly-*,-nightly-2', ['nightly-1']],
    ['-odd', ['-odd']],
    ['other*', []],
  ])('selects by %s', (expression, selected) => {
    expect(selectNames(splitNames(expression), NAMES)).toEqual({ selected, missing: [] });
  });

  it('tells the names that nothing has, never the wildcards', () => {
    expect(selectNames(['gone', 'other*', 'weekly-1'], NAMES)).toEqual({ selected: ['weekly-1'], missing: ['gone'] });
  });

  it('takes a wildcard for what a regular expression would', () => {
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

  it('answers at once for a pattern made to stop it', () => {
    const started = Date.now();
    matcher(`${'*a'.repeat(40)}b`)('a'.repeat(5_000));
    expect(Date.now() - started).toBeLessThan(2_000);
  });
});
