/**
 * Finds exports that no other file imports. A name that only its own file uses needs no `export`; one that nobody uses
 * is dead code.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import ts from 'typescript';

const ROOT = resolve(__dirname, '../..');
const FOLDERS = ['src', 'workflows', 'activities', 'bench', 'scripts'];

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
    'src/cluster/writing/create-index.ts leaveOut',
    'src/documents/bulk-lines.ts documentOffsets',
    'src/embedded/cluster/metadata/routing-hash.ts murmur3',
    'src/embedded/temporal/dev-server.ts temporalDevServerArgs',
    'src/embedded/temporal/dev-server.ts temporalDevServerEnv',
    'src/jobs/restores/restores.ts outcomeJson',
    'src/jobs/running/shard-progress.ts later',
    'src/jobs/running/shard-progress.ts withHeartbeats',
    'src/repository/objects/foreign-objects.ts findForeign',
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
    'src/embedded/cluster/index.ts EmbeddedCluster',
    'src/embedded/cluster/index.ts EmbeddedClusterOptions',
    'src/embedded/oss/server.ts EmbeddedOss',
    'src/embedded/oss/server.ts EmbeddedOssOptions',
    'src/process/http/http-server.ts HttpLimits',
    'src/repository/deletion/sweep.ts SweepResult',
    'src/repository/segments/read-segments.ts BulkFrame',
  ],
};

/** Exports that their rooms have yet to remove. Delete this list when it is empty. */
const TO_REMOVE: readonly string[] = [
  'activities/copy-activities.ts ShardJob',
  'activities/restore-activities.ts RestoreJob',
  'activities/snapshot-activities.ts SnapshotJob',
  'bench/options.ts CONTENDERS',
  'bench/options.ts SCENARIOS',
  'bench/options.ts Scenario',
  'bench/support/results.ts Measured',
  'scripts/demo/compare.ts Comparison',
  'scripts/demo/compare.ts IndexContent',
  'scripts/demo/front-door.ts CallOptions',
  'scripts/demo/listing.ts ListingChange',
  'scripts/engines/prepare.mjs missingFor',
  'scripts/lib/steps.mjs seconds',
  'scripts/lint/import-direction.mjs MAY_IMPORT',
  'src/api/access/snapshot-access.ts SnapshotAction',
  'src/blobs/fs/temporary-file.ts TEMPORARY_FOLDER',
  'src/blobs/wrappers/retrying.ts RetryPolicy',
  'src/blobs/wrappers/throttled.ts ThrottleLimits',
  'src/cluster/http/cluster-failures.ts ClusterComplaint',
  'src/cluster/http/connection.ts Connection',
  'src/cluster/http/connection.ts PoolOptions',
  'src/cluster/reading/open-reader.ts countRanges',
  'src/cluster/reading/pit-view.ts pagesOf',
  'src/cluster/reading/search-body.ts Bucket',
  'src/cluster/reading/search-body.ts ExtraParts',
  'src/cluster/reading/shard-search.ts SearchOptions',
  'src/cluster/writing/mapping-edits.ts FieldEdit',
  'src/cluster/writing/mapping-edits.ts MappedField',
  'src/cluster/writing/restorable-index.ts AliasesRequest',
  'src/cluster/writing/restorable-index.ts FinishedIndex',
  'src/cluster/writing/restorable-index.ts RestorablePlan',
  'src/cluster/writing/restorable-index.ts SettingsRequest',
  'src/cluster/writing/restorable-index.ts StoredIndex',
  'src/contracts/registration.ts MAX_REGISTRATIONS',
  'src/contracts/registration.ts MAX_REGISTRATIONS_BYTES',
  'src/contracts/registration.ts MAX_REGISTRATION_BYTES',
  'src/contracts/repository-settings.ts FsSettings',
  'src/embedded/cluster/documents/bulk-parser.ts BulkDefaults',
  'src/embedded/cluster/documents/item-request.ts PartialUpdate',
  'src/embedded/cluster/elasticsearch-error.ts ErrorFacts',
  'src/embedded/cluster/http/body.ts MAX_BODY_BYTES',
  'src/embedded/cluster/http/body.ts ReceivedBody',
  'src/embedded/cluster/http/router.ts Match',
  'src/embedded/cluster/json-validator.ts JsonFault',
  'src/embedded/cluster/metadata/catalog.ts ClusterIdentity',
  'src/embedded/cluster/metadata/catalog.ts NewIndex',
  'src/embedded/cluster/metadata/index-metadata.ts ShardMetadata',
  'src/embedded/cluster/metadata/index-names.ts validateIndexName',
  'src/embedded/cluster/raw-json.ts RawMember',
  'src/embedded/cluster/search/hit-writer.ts HitOptions',
  'src/embedded/cluster/search/query-phase.ts QueryOutcome',
  'src/embedded/cluster/search/query-phase.ts QueryRequest',
  'src/embedded/cluster/search/query.ts Test',
  'src/embedded/cluster/search/scan.ts BlockConsumer',
  'src/embedded/cluster/search/scan.ts candidateOf',
  'src/embedded/cluster/storage/block-bitmap.ts hasBit',
  'src/embedded/cluster/storage/document-store.ts DocumentStoreOptions',
  'src/embedded/cluster/storage/shard-state.ts TimeMark',
  'src/embedded/oss/auth/signature-v4.ts AuthorizationV4',
  'src/embedded/oss/oss-error.ts OSS_ERRORS',
  'src/embedded/oss/routes/byte-range.ts ByteRange',
  'src/embedded/oss/storage/uploads.ts Part',
  'src/embedded/oss/xml.ts ParsedXml',
  'src/embedded/oss/xml.ts XmlValue',
  'src/embedded/temporal/wait-for-temporal.ts WaitOptions',
  'src/process/embedded.ts EmbeddedOptions',
  'src/process/embedded.ts EmbeddedPart',
  'src/repository/catalogue/catalogue.ts RootChange',
  'src/repository/catalogue/holders.ts Holder',
  'src/repository/catalogue/holders.ts Wanted',
  'src/repository/catalogue/holders.ts holdersOf',
  'src/repository/catalogue/holders.ts ordinalsByUuid',
  'src/repository/deletion/orphans.ts CleanupOptions',
  'src/repository/deletion/orphans.ts DeletedObjects',
  'src/repository/deletion/orphans.ts cleanupRepository',
  'src/repository/deletion/orphans.ts reachedByRoot',
  'src/repository/deletion/remove-snapshots.ts Marking',
  'src/repository/deletion/sweep.ts SweepProgress',
  'src/repository/format/metadata.ts checkBytes',
  'src/repository/format/schemas.ts segmentSchema',
  'src/repository/format/shared-mappings.ts WithOrdinal',
  'src/repository/segments/plan-segments.ts Rewrite',
  'src/repository/segments/prove-history.ts Proof',
  'src/repository/segments/read-segments.ts ReadSegments',
  'src/repository/segments/shard-ranges.ts ShardRanges',
  'src/restoring/plan-restore-chunks.ts RestoreChunk',
  'src/snapshotting/copy-at-once.ts CopyAtOnce',
  'src/snapshotting/job-plan.ts PlannedIndex',
  'src/snapshotting/job-plan.ts SMALL_SHARD_BYTES',
  'src/snapshotting/plan-snapshot.ts PlanInputs',
  'workflows/failures.ts causeOf',
  'workflows/index-restores.ts IndexRestoresInput',
  'workflows/repositories.ts RepositoriesState',
];

type Sources = ReadonlyMap<string, string>;

interface Module {
  readonly exports: readonly string[];
  /** The names it imports from files of the repository, as `file name`; the name `*` stands for all of a file. */
  readonly imports: readonly string[];
}

function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));
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
  const known = new Set([...forTests, ...TO_REMOVE]);
  expect(unused.filter((name) => !known.has(name))).toEqual([]);
});

test('every export listed as one for tests is imported by tests alone', () => {
  const unusedByAll = new Set(unusedExports(new Map([...product, ...readSources(filesBelow('test'))])));
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
