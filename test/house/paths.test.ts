import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '../..');
/** A path below one of our folders, as texts name it: of a file, or of a folder where it has no extension. */
const PATH = /(?<![\w/@.~-])(?:src|activities|workflows|test|scripts|bench|docs|\.ci)\/[\w./-]*[\w/]/g;
/** The name of a source file, perhaps with folders before it. */
const NAME = /(?<![\w/@.~<>*-])[\w./-]*[\w-]\.(?:ts|mjs|md)\b/g;
/** Comments of TypeScript and JavaScript. A string that holds `//` may match, too: that does no harm. */
const COMMENT = /\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*/gm;

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: ROOT, encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(ROOT, file)));

/** Returns the paths and file names that a document's text, or the comments of code, mention. */
function mentionsIn(file: string, text: string): string[] {
  const prose = file.endsWith('.md') ? text : (text.match(COMMENT) ?? []).join('\n');
  return [...new Set([...(prose.match(PATH) ?? []), ...(prose.match(NAME) ?? [])])];
}

/** Returns whether a path exists below the root or beside the file that mentions it, or ends the path of a file. */
function exists(file: string, mention: string): boolean {
  const bases = [ROOT, join(ROOT, dirname(file))].map((folder) => join(folder, mention));
  if (bases.some((base) => ['', '.ts', '.mjs'].some((ending) => existsSync(base + ending)))) return true;
  return /\.(?:ts|mjs|md)$/.test(mention) && files.some((one) => `/${one}`.endsWith(`/${mention}`));
}

/** Returns what the file mentions and is missing. */
function missingIn(file: string, text: string): string[] {
  return mentionsIn(file, text).filter((mention) => !exists(file, mention));
}

const read = files
  .filter((file) => /\.(md|ts|mjs|js)$/.test(file) && file !== 'test/house/paths.test.ts')
  .map((file) => ({ file, text: readFileSync(join(ROOT, file), 'utf8') }));

test('every path that a document or a comment mentions exists', () => {
  expect(read.flatMap(({ file, text }) => mentionsIn(file, text)).length).toBeGreaterThan(50);
  const missing = read.flatMap(({ file, text }) => missingIn(file, text).map((mention) => `${file}: ${mention}`));
  expect(missing).toEqual([]);
});

/** Returns the headings of a document, as comments cite them: up to a colon, without marks of code. */
function headingsOf(file: string): string[] {
  const lines = readFileSync(join(ROOT, file), 'utf8').match(/^#+ .*$/gm) ?? [];
  return lines.map((line) => line.replace(/^#+ /, '').replace(/:.*|`/g, ''));
}

/** Returns the sections, cited as `FORMAT.md, "Keys"` or linked as `(page.md#keys)`, that their documents lack. */
function missingSections(file: string, text: string): string[] {
  const missing: string[] = [];
  // A citation may be broken over two lines of a comment.
  for (const [, name, section] of text.matchAll(/([\w-]+\.md),[\s/*]+"([^"]+)"/g)) {
    const cited = files.find((one) => one.endsWith(`/${name}`));
    const headings = cited === undefined ? [] : headingsOf(cited);
    if (!headings.includes(section!.replace(/[\s/*]+/g, ' '))) missing.push(`${name}, "${section}"`);
  }
  for (const [, target, anchor] of text.matchAll(/\]\(([\w./-]*)#([\w-]+)\)/g)) {
    const linked = target === '' ? file : join(dirname(file), target!);
    const anchors = existsSync(join(ROOT, linked)) ? headingsOf(linked).map(anchorOf) : [];
    if (!anchors.includes(anchor!)) missing.push(`${target}#${anchor}`);
  }
  return missing;
}

function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w -]/g, '')
    .replaceAll(' ', '-');
}

test('every section that a document or a comment cites exists', () => {
  const cited = read.flatMap(({ file, text }) => missingSections(file, text).map((section) => `${file}: ${section}`));
  expect(cited).toEqual([]);
  expect(missingSections('x.ts', 'FORMAT.md, "The base\n * rule" and FORMAT.md, "Nothing"')).toEqual([
    'FORMAT.md, "Nothing"',
  ]);
  expect(missingSections('README.md', '[a](docs/api.md#none) [b](#none)')).toEqual(['docs/api.md#none', '#none']);
});

test('a path that does not exist is found in prose and comments, not in code', () => {
  const text =
    "import x from 'src/none';\n// see src/none/at-all.ts.\n/** or `test/nowhere`, `none.ts`, `jest.config.js` */\n";
  expect(missingIn('src/x.ts', text)).toEqual(['src/none/at-all.ts', 'test/nowhere', 'none.ts']);
  expect(missingIn('x.md', 'See `src/none.ts` and [a page](docs/design.md).')).toEqual(['src/none.ts']);
});
