import { readFileSync } from 'node:fs';
import path from 'node:path';
import { javaRename } from '../../src/elasticsearch/java-rename';
import { wildcardMatcher } from '../../src/elasticsearch/wildcard';

type Row = readonly [name: string, pattern: string, replacement: string, result: string | { readonly error: string }];

const ROWS = JSON.parse(readFileSync(path.join(__dirname, 'java/renames.json'), 'utf8')) as Row[];
/** What linear matching leaves out, and what is known of a replacement before any name is matched. */
const OURS = /which is not supported|is not a replacement/;

function renamed(
  name: string,
  pattern: string,
  replacement: string,
): { readonly text?: string; readonly error?: Error } {
  try {
    return { text: javaRename(pattern, replacement)(name) };
  } catch (error) {
    return { error: error as Error };
  }
}

describe('renames', () => {
  it('give what Java gave, or are refused by name', () => {
    let equal = 0;
    for (const [name, pattern, replacement, result] of ROWS) {
      const { text, error } = renamed(name, pattern, replacement);
      const shown = JSON.stringify([name, pattern, replacement]);
      if (typeof result === 'object') expect([shown, text]).toEqual([shown, undefined]);
      else if (error === undefined) {
        expect([shown, text]).toEqual([shown, result]);
        equal++;
      } else expect([shown, error.message]).toEqual([shown, expect.stringMatching(OURS)]);
    }
    expect(equal).toBeGreaterThan(400);
  });

  it.each([
    ['l++', 'illegal_argument_exception', 'possessive quantifier [++]'],
    ['(?=l)', 'illegal_argument_exception', 'lookaround [(?=]'],
    ['(?<!l)o', 'illegal_argument_exception', 'lookaround [(?<!]'],
    ['(?>lo)', 'illegal_argument_exception', 'atomic group [(?>]'],
    ['(l)\\1', 'illegal_argument_exception', 'back-reference [\\1]'],
    ['(?x)l', 'illegal_argument_exception', 'inline flag [(?x)]'],
    ['l{1001}', 'illegal_argument_exception', 'counts to 1000 at most'],
    ['((l{900}){900}){900}', 'illegal_argument_exception', 'linear time'],
    [`${'(l{500})'.repeat(60)}`, 'illegal_argument_exception', 'too large'],
    ['l'.repeat(1_001), 'illegal_argument_exception', 'longer than 1000'],
    ['(l', 'pattern_syntax_exception', 'unclosed group'],
  ])('refuse %s before a name is seen', (pattern, code, reason) => {
    const { error } = renamed('logs', pattern, 'x');
    expect(error).toMatchObject({ code, message: expect.stringContaining(reason) });
  });

  it('take no more than linear time for a pattern that stops a backtracking matcher', () => {
    // Backtracking doubles the time with every character: 200 characters more would never end.
    expect(renamed(`${'a'.repeat(250)}1`, '(a+)+$', 'b').text).toBe(`${'a'.repeat(250)}1`);
    expect(renamed(`${'a'.repeat(250)}1`, '(a|a)*(a|b)*c', 'b').text).toBe(`${'a'.repeat(250)}1`);
  });
});

describe('wildcards', () => {
  it.each([
    ['*', '', true],
    ['**', 'x', true],
    ['a*', 'a', true],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['*b*c', 'abbc', true],
    ['*b*c', 'acb', false],
    ['a.*', 'axb', false],
  ])('%s and %s', (pattern, name, matches) => {
    expect(wildcardMatcher(pattern)(name)).toBe(matches);
  });

  it('end for a pattern that stops a backtracking matcher', () => {
    expect(wildcardMatcher(`${'*'.repeat(24)}x`)('a'.repeat(255))).toBe(false);
    expect(wildcardMatcher(`${'*a'.repeat(120)}b`)('a'.repeat(255))).toBe(false);
  });
});
