/**
 * Finds exports that no other file imports. A name that only its own file uses needs no `export`; one that nobody uses
 * is dead code.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { filesBelow, ROOT } from '../support/sources';

const PACKAGES = readdirSync(join(ROOT, 'packages')).map((name) => `packages/${name}`);
const FOLDERS = ['src', 'workflows', 'activities', 'bench', 'scripts', ...PACKAGES.map((name) => `${name}/src`)];
const TESTS = ['test', ...PACKAGES.map((name) => `${name}/test`)];

/** Files whose exports something outside the repository calls: Temporal finds workflows by their exported names. */
const ENTRY_POINTS = ['workflows/index.ts'];

/** Exports that only tests import, by the reason why they are exported. */
const FOR_TESTS: Readonly<Record<string, readonly string[]>> = {
  'a pure function or step that is tested by itself': [
    'activities/activity-shell.ts toFailure',
    'src/cluster/facts/index-metadata.ts planSteps',
    'src/cluster/facts/index-metadata.ts sliceIndices',
    'src/cluster/reading/open-reader.ts joinParts',
    'src/cluster/reading/shard-states.ts statesOf',
    'src/documents/bulk-lines.ts documentOffsets',
    'packages/embedded-cluster/src/metadata/routing-hash.ts murmur3',
    'src/jobs/restores/restores.ts outcomeJson',
    'src/jobs/running/shard-progress.ts later',
    'src/jobs/running/shard-progress.ts withHeartbeats',
    'src/repository/objects/foreign-objects.ts findForeign',
    'src/restoring/plan-restore-chunks.ts planRestoreChunks',
  ],
  'what a test checks the whole product by': [
    'src/api/fields/read-parameters.ts EVERY_REQUEST',
    'src/repository/deletion/orphans.ts reachedByRoot',
  ],
  'a limit that a test reaches or lowers': [
    'src/blobs/wrappers/retrying.ts DEFAULT_RETRY_POLICY',
    'src/contracts/jobs/plan-again.ts MAX_REPLANS',
    'src/process/http/http-server.ts HTTP_LIMITS',
    'src/repository/segments/write-segments.ts SEGMENT_TARGET_BYTES',
  ],
  'the type of what a test passes in or holds': [
    'activities/activity-shell.ts Heartbeat',
    'scripts/engines/start-engine.ts AvailableEngine',
    'scripts/engines/start-engine.ts EngineName',
    'scripts/engines/start-engine.ts EngineOptions',
    'scripts/lib/start-process.ts ProcessExit',
    'scripts/lib/start-process.ts StartOptions',
    'src/api/app.ts AppParts',
    'src/contracts/jobs/job-order.ts Claiming',
    'src/contracts/jobs/snapshots-in-use.ts JobReads',
    'packages/embedded-cluster/src/index.ts EmbeddedCluster',
    'packages/embedded-cluster/src/index.ts EmbeddedClusterOptions',
    'packages/embedded-oss/src/server.ts EmbeddedOss',
    'packages/embedded-oss/src/server.ts EmbeddedOssOptions',
    'src/process/http/http-server.ts HttpLimits',
    'src/repository/deletion/sweep.ts SweepResult',
    'src/repository/segments/read-segments.ts BulkFrame',
  ],
};

type Sources = ReadonlyMap<string, string>;

interface Module {
  readonly exports: readonly string[];
  /** The names it imports from files of the repository, as `file name`; the name `*` stands for all of a file. */
  readonly imports: readonly string[];
}

function readSources(files: readonly string[]): Sources {
  const code = files.filter((file) => /\.(ts|m?js)$/.test(file));
  return new Map(code.map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]));
}

/** Reads what a file exports and imports. */
function readModule(file: string, sources: Sources): Module {
  const exports: string[] = [];
  const imports: string[] = [];
  const use = (specifier: ts.Node | undefined, names: readonly string[]): void => {
    if (specifier === undefined || !ts.isStringLiteral(specifier) || !specifier.text.startsWith('.')) return;
    const base = join(dirname(file), specifier.text);
    const target = [base, `${base}.ts`, join(base, 'index.ts')].find((path) => sources.has(path));
    if (target !== undefined) imports.push(...names.map((name) => `${target} ${name}`));
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      const { name, namedBindings } = node.importClause ?? {};
      if (name !== undefined) use(node.moduleSpecifier, ['default']);
      if (namedBindings !== undefined) use(node.moduleSpecifier, boundNames(namedBindings));
    } else if (ts.isExportDeclaration(node)) {
      const { exportClause, moduleSpecifier } = node;
      use(moduleSpecifier, exportClause === undefined ? ['*'] : boundNames(exportClause));
      if (exportClause !== undefined && ts.isNamedExports(exportClause)) {
        exports.push(...exportClause.elements.map(({ name }) => name.text));
      }
    } else if (ts.isImportTypeNode(node)) {
      const { argument, qualifier } = node;
      if (ts.isLiteralTypeNode(argument)) use(argument.literal, [qualifier === undefined ? '*' : firstName(qualifier)]);
    } else if (ts.isCallExpression(node) && loadsModule(node.expression)) {
      use(node.arguments[0], ['*']);
    } else if (ts.isExportAssignment(node)) {
      exports.push('default');
    } else {
      exports.push(...declaredExports(node));
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, sources.get(file)!, ts.ScriptTarget.Latest, false));
  return { exports, imports };
}

function boundNames(bindings: ts.NamedImportBindings | ts.NamedExportBindings): string[] {
  if (ts.isNamespaceImport(bindings) || ts.isNamespaceExport(bindings)) return ['*'];
  return bindings.elements.map(({ propertyName, name }) => (propertyName ?? name).text);
}

function firstName(name: ts.EntityName): string {
  return ts.isIdentifier(name) ? name.text : firstName(name.left);
}

function loadsModule(callee: ts.Expression): boolean {
  return callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === 'require');
}

function declaredExports(node: ts.Node): string[] {
  const modifiers = ts.canHaveModifiers(node) ? (ts.getModifiers(node) ?? []) : [];
  const has = (kind: ts.SyntaxKind): boolean => modifiers.some((modifier) => modifier.kind === kind);
  if (!has(ts.SyntaxKind.ExportKeyword)) return [];
  if (has(ts.SyntaxKind.DefaultKeyword)) return ['default'];
  if (ts.isVariableStatement(node)) return node.declarationList.declarations.flatMap(({ name }) => namesIn(name));
  const { name } = node as ts.Node & { readonly name?: ts.Node };
  return name !== undefined && ts.isIdentifier(name) ? [name.text] : [];
}

function namesIn(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => (ts.isBindingElement(element) ? namesIn(element.name) : []));
}

/** Returns the exports that no other file imports, as `file name`. */
function unusedExports(sources: Sources): string[] {
  const modules = [...sources.keys()].map((file) => ({ file, ...readModule(file, sources) }));
  const used = new Set(modules.flatMap(({ imports }) => imports));
  return modules
    .filter(({ file }) => !ENTRY_POINTS.includes(file) && !used.has(`${file} *`))
    .flatMap(({ file, exports }) => exports.map((name) => `${file} ${name}`))
    .filter((name) => !used.has(name));
}

const product = readSources([...FOLDERS.flatMap(filesBelow), 'eslint.config.mjs']);
const forTests = Object.values(FOR_TESTS).flat();
const unused = unusedExports(product).filter((name) => !name.startsWith('eslint.config.mjs '));

test('every export is imported by another file of the product', () => {
  expect(product.size).toBeGreaterThan(100);
  const known = new Set(forTests);
  expect(unused.filter((name) => !known.has(name))).toEqual([]);
});

test('every export listed as one for tests is imported by tests alone', () => {
  const unusedByAll = new Set(unusedExports(new Map([...product, ...readSources(TESTS.flatMap(filesBelow))])));
  expect(forTests.filter((name) => !unused.includes(name) || unusedByAll.has(name))).toEqual([]);
});

test('unused exports are found, whatever way they are written and imported', () => {
  const sources = new Map([
    ['src/a.ts', 'export const one = 1, { two, three: [four] } = x; export function five() {} export type Six = 6;'],
    ['src/b.ts', 'export default 1; export { seven, eight as nine }; export class Ten { ten = ten; }'],
    ['src/c/index.ts', "export * from '../d'; export { six as eleven } from '../e'; export interface Twelve {}"],
    ['src/d.ts', 'export const all = 1;'],
    ['src/e.ts', 'export const six = 1; export const left = six;'],
    ['src/f.ts', 'export const dynamic = 1;'],
    ['src/g.ts', 'export type Named = 1; export type Other = 1;'],
    ['src/main.ts', "import b, { nine } from './b'; import { type Six as S, four } from './a';"],
    ['src/users.ts', "import('./f'); type T = import('./g').Named; import { eleven } from './c'; import 'node:fs';"],
  ]);
  expect(unusedExports(sources)).toEqual([
    'src/a.ts one',
    'src/a.ts two',
    'src/a.ts five',
    'src/b.ts seven',
    'src/b.ts Ten',
    'src/c/index.ts Twelve',
    'src/e.ts left',
    'src/g.ts Other',
  ]);
});
