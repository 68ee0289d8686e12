/**
 * Makes `renames.json`: patterns by hand and by chance, and what Java answers. Needs a JDK of 19 or newer, from which
 * on `\b` is about ASCII alone: `node -r ./test/support/typescript-hook.cjs test/elasticsearch/java/generate.ts [seed]
 * [count]`.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { random as seeded } from '../../support/random';

type Random = (below: number) => number;

const BY_HAND: readonly [name: string, pattern: string, replacement: string][] = [
  ['logs-2026', '(.+)', 'restored_$1'],
  ['logs-2026', '(.*)', 'restored_$1'],
  ['logs-2026', 'logs-(?<year>\\d+)', '${year}-logs'],
  ['logs-2026', '(lo)(gs)', '$11$12'],
  ['logs-2026', '\\p{Alpha}+', 'X'],
  ['logs-2026', '\\p{L}+', 'X'],
  ['logs-2026', '\\P{L}+', 'X'],
  ['logs-2026', '[\\p{L}&&[^o]]', 'X'],
  ['logs hp', '\\h', '_'],
  ['logs L', '\\p{IsAlphabetic}+', 'X'],
  ['größe-λ', '\\p{IsLatin}+', 'X'],
  ['größe-λ', '\\p{sc=Greek}', 'X'],
  ['größe-λ', '(?i)GRÖSSE|GRÖßE', 'X'],
  ['logs-2026', '(?i)LOGS', 'X'],
  ['logs-2026', '(?i:LO)gs', 'X'],
  ['logs-2026', '((?i)LO)GS', 'X'],
  ['logs-2026', '(?i)\\p{Upper}+', 'X'],
  ['logs-2026', '(?i)[K-M]', 'X'],
  ['logs-2026', '[a-z&&[^lg]]+', 'X'],
  ['logs-2026', '[^a-z&&[^lg]]+', 'X'],
  ['logs-2026', '[lo[0-9]]+', 'X'],
  ['logs-2026', '[[:alpha:]]', 'X'],
  ['a.b*c', '\\Q.b*\\E', 'X'],
  ['a.b*c', '\\Q.b', 'X'],
  ['abbb1', '\\Qab\\E+', 'X'],
  ['ab1', '[\\Qa1\\E]', 'X'],
  ['logs-2026', '^', 'p-'],
  ['logs-2026', '$', '-s'],
  ['logs-2026', '\\Z', '-s'],
  ['logs-2026', 'x*', '-'],
  ['logs-2026', '\\b', '|'],
  ['logs-2026', 'o|', 'X'],
  ['logs-2026', '(x)?logs', '[$1]'],
  ['logs-2026', '\\x6cogs|\\u006cogs|\\0154ogs', 'X'],
  ['logs-2026', 'l++', 'X'],
  ['logs-2026', '(?=l)', 'X'],
  ['logs-2026', '(?<!l)o', 'X'],
  ['logs-2026', '(?>lo)', 'X'],
  ['llogs', '(l)\\1', 'X'],
  ['llogs', '(?<a>l)\\k<a>', 'X'],
  ['logs-2026', '(', 'X'],
  ['logs-2026', ')', 'X'],
  ['logs-2026', '[', 'X'],
  ['logs-2026', '*', 'X'],
  ['logs-2026', 'a**', 'X'],
  ['logs-2026', '\\y', 'X'],
  ['logs-2026', '{', 'X'],
  ['logs{2', 's\\{', 'X'],
  ['logs}2', '}', 'X'],
  ['logs]2', ']', 'X'],
  ['logs-2', '[a-]', 'X'],
  ['logs-2', '[-a]', 'X'],
  ['logs]2', '[]2]', 'X'],
  ['logs^2', '[l^]', 'X'],
  ['logs&2', '[l&2]', 'X'],
  ['logs-2026', 'l', '$1'],
  ['logs-2026', 'l', '${x}'],
  ['logs-2026', 'l', '$'],
  ['logs-2026', 'l', '\\'],
  ['logs-2026', 'l', '\\$1'],
  ['logs-2026', 'o{2,1}', 'X'],
  ['loooogs', 'o{2}', 'X'],
  ['loooogs', 'o{2,}?', 'X'],
  ['loooogs', 'o{1,3}', 'X'],
  ['a😀b', '.', 'X'],
  ['a😀b', '[😀-😂]', 'X'],
  ['a😀b', '\\x{1F600}', 'X'],
  ['a😀b', '\\uD83D\\uDE00', 'X'],
  ['logs', '(a*)*', '[$1]'],
  ['logs', '(a|b*)*s', '[$1]'],
  ['aab', '(a*)+', '[$1]'],
  ['aab', '(a|ab)(b|c)?', '[$1$2]'],
];
const ATOMS = [
  ...'abcl-_.0123',
  ...[
    '.',
    '\\d',
    '\\w',
    '\\s',
    '\\W',
    '\\D',
    '\\h',
    '[a-c]',
    '[^a-c]',
    '[a-z&&[^b]]',
    '[ab&&b-z]',
    '[a[0-3]]',
    '[^\\d]',
  ],
  ...[
    '[\\w&&[^_]]',
    '\\p{Lower}',
    '\\p{Punct}',
    '\\P{Alnum}',
    '\\p{L}',
    '\\p{Nd}',
    '\\.',
    '\\-',
    '\\Qa.\\E',
    '^',
    '$',
    '\\b',
    '\\B',
  ],
  ...[
    '[a-]',
    '[-z]',
    '[.-0]',
    '\\x61',
    '(?i)A',
    '(?i)[^B]',
    '(?i:C)',
    '\\A',
    '\\z',
    '}',
    ']',
    '&&',
    '\\e',
    '[^a[bc]&&[a-c]]',
    '[b-z&&a-c&&[^c]]',
  ],
];
/** Mostly refused by Java or by us. */
const ODD_ATOMS = [
  '{',
  '\\1',
  '[&&a]',
  '[a&&]',
  '(?=a)',
  '(',
  ')',
  '[',
  '\\y',
  '[b-a]',
  '[a-\\d]',
  '\\p{Foo}',
  '\\p{',
  '\\x4',
  '(?q)',
  '(?<1>a)',
];
const QUANTIFIERS = ['', '', '', '', '', '', '', '*', '+', '?', '*?', '+?', '??', '{2}', '{1,2}', '{0,}?'];
const ODD_QUANTIFIERS = ['++', '{,2}', '{2}{2}', '*+', '**', '{2,1}'];
const REPLACEMENTS = ['X', '', '$0', '[$0]', 'a\\$b', '$0$0', '[$1]', '$1$2', '<$10>', '${n}', '$'];

function pattern(random: Random, depth: number): string {
  const parts: string[] = [];
  for (let i = 1 + random(3); i > 0; i--) {
    const kind = depth > 0 ? random(10) : 9;
    const atom =
      kind < 3
        ? `(${pattern(random, depth - 1)})`
        : kind === 3
          ? `(?:${pattern(random, depth - 1)})`
          : kind === 4
            ? `(?<n>${pattern(random, depth - 1)})`
            : pick(random, random(25) === 0 ? ODD_ATOMS : ATOMS);
    parts.push(atom + pick(random, random(25) === 0 ? ODD_QUANTIFIERS : QUANTIFIERS) + (random(8) === 0 ? '|' : ''));
  }
  return parts.join('');
}

function pick<T>(random: Random, list: readonly T[]): T {
  return list[random(list.length)];
}

function main(seed: number, count: number): void {
  const next = seeded(seed);
  const random: Random = (below) => Math.floor(next() * below);
  const cases = [...BY_HAND];
  while (cases.length < BY_HAND.length + count) {
    const name = Array.from({ length: random(12) }, () => pick(random, [...'abcl-_.0123Bé'])).join('');
    cases.push([name, pattern(random, 2), pick(random, REPLACEMENTS)]);
  }
  const input = cases.map((one) => one.map((text) => Buffer.from(text).toString('base64')).join(' ')).join('\n');
  const java = process.env.JAVA_HOME === undefined ? 'java' : path.join(process.env.JAVA_HOME, 'bin/java');
  const output = execFileSync(java, [path.join(__dirname, 'JavaRenames.java')], {
    input: `${input}\n`,
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
  const answers = output.trimEnd().split('\n');
  const table = cases.map((one, i) => {
    const [mark, text] = [answers[i][0], answers[i].slice(2)];
    return [...one, mark === '=' ? Buffer.from(text, 'base64').toString('utf8') : { error: text }];
  });
  writeFileSync(path.join(__dirname, 'renames.json'), `[\n${table.map((row) => JSON.stringify(row)).join(',\n')}\n]\n`);
}

main(Number(process.argv[2] ?? 1), Number(process.argv[3] ?? 1_500));
