/**
 * Imports go one way: contracts → documents, blobs → cluster → repository → snapshotting, restoring → activities, and
 * contracts → jobs → api. The rooms inside a part are kept apart by test/house/import-cycles.test.ts.
 * An ESLint rule, so that the wrong arrow is underlined while it is being drawn; src/process, src/cli, scripts, bench
 * and test tie everything together and may import anything. Of the product, src/process/embedded.ts alone loads packages.
 */
import { builtinModules } from 'node:module';
import { dirname, relative, resolve, sep } from 'node:path';

/** What the steps of jobs are made of. */
const STEPS = [
  'src/contracts',
  'src/concurrency',
  'src/elasticsearch',
  'src/documents',
  'src/blobs',
  'src/cluster',
  'src/repository',
];

/** What each part may import beside packages and itself; `types` are parts whose types alone it may use. */
const MAY_IMPORT = {
  'src/contracts': {},
  'src/concurrency': { values: ['src/contracts'] },
  'src/elasticsearch': { values: ['src/contracts'] },
  'src/documents': { values: ['src/contracts', 'src/concurrency'] },
  'src/blobs': { values: ['src/contracts', 'src/concurrency'] },
  'src/cluster': { values: ['src/contracts', 'src/concurrency', 'src/elasticsearch', 'src/documents'] },
  'src/repository': {
    values: ['src/contracts', 'src/concurrency', 'src/documents', 'src/blobs', 'src/cluster/reading'],
  },
  'src/registrations': { values: ['src/contracts', 'src/elasticsearch', 'src/blobs', 'src/repository/catalogue'] },
  'src/snapshotting': { values: [...STEPS, 'src/registrations'] },
  'src/restoring': { values: STEPS },
  // A workflow's type tells what starting it takes.
  'src/jobs': {
    values: [
      'src/contracts',
      'src/concurrency',
      'src/elasticsearch',
      'src/blobs',
      'src/repository',
      'src/registrations',
      'src/snapshotting/job-plan',
    ],
    types: ['workflows'],
  },
  'src/api': { values: ['src/contracts', 'src/elasticsearch', 'src/documents', 'src/jobs', 'src/cluster'] },
  activities: { values: [...STEPS, 'src/registrations', 'src/snapshotting', 'src/restoring'] },
  workflows: { values: ['src/contracts'], types: ['activities'] },
  // What packages share with the product is told them at run time.
  'packages/child-processes/src': {},
  'packages/embedded-cluster/src': { values: ['packages/child-processes/src'] },
  'packages/embedded-oss/src': { values: ['packages/child-processes/src'] },
  'packages/temporal-dev-server/src': { values: ['packages/child-processes/src'] },
  'packages/embedded-cluster/test': { values: ['packages/embedded-cluster/src', 'test/support'] },
  'packages/embedded-oss/test': { values: ['packages/embedded-oss/src', 'test/support'] },
  'packages/temporal-dev-server/test': { values: ['packages/temporal-dev-server/src', 'test/support'] },
};

/** Production images lack packages: one file of the product loads them, when it needs them and not before. */
const PRODUCT = ['src', 'workflows', 'activities'];
const LOADS_PACKAGES = 'src/process/embedded.ts';

/** Parts that run inside Temporal's sandbox, or in both worlds: nothing of Node is there when they are replayed. */
const WITHOUT_NODE = ['src/contracts', 'workflows'];

const NODE_MODULES = new Set(builtinModules);

function isIn(path, part) {
  return path === part || path.startsWith(`${part}/`);
}

/** Whether the compiler erases the whole declaration. */
function isTypeOnly(node) {
  if (node.importKind === 'type' || node.exportKind === 'type') return true;
  const named = node.specifiers ?? [];
  return (
    named.length > 0 && named.every((specifier) => specifier.importKind === 'type' || specifier.exportKind === 'type')
  );
}

function list(parts) {
  return parts.length === 0 ? 'nothing else of Snapkeep' : parts.join(', ');
}

/** Why `file` of the product may not import `target`, which lies in packages; undefined when it may. */
function packageRefusal(file, target, typeOnly, isDynamic) {
  if (file === LOADS_PACKAGES) {
    return typeOnly || isDynamic
      ? undefined
      : `${file} must not import ${target} when it is loaded: write "await import()"`;
  }
  return `${file} must not import ${target}: ${LOADS_PACKAGES} alone loads packages`;
}

/** Why `part` may not import `target` (a path below the root, without extension); undefined when it may. */
function refusal(part, target, typeOnly) {
  const { values = [], types = [] } = MAY_IMPORT[part];
  if (isIn(target, part) || values.some((allowed) => isIn(target, allowed))) return undefined;
  if (types.some((allowed) => isIn(target, allowed))) {
    return typeOnly ? undefined : `${part} may import the types of ${target}, not its values: write "import type"`;
  }
  return `${part} must not import ${target}: it may use ${list([...values, ...types.map((name) => `types of ${name}`)])}`;
}

/** @type {import('eslint').Rule.RuleModule} */
export const importDirection = {
  meta: { type: 'problem', schema: [], docs: { description: 'imports go one way through the layers' } },
  create(context) {
    const file = relative(context.cwd, context.filename).split(sep).join('/');
    const part = Object.keys(MAY_IMPORT).find((name) => isIn(file, name));
    const isProduct = PRODUCT.some((folder) => isIn(file, folder));
    if (part === undefined && !isProduct) return {};
    const check = (node, source, typeOnly) => {
      if (typeof source?.value !== 'string') return;
      const name = source.value;
      if (name.startsWith('.')) {
        const target = relative(context.cwd, resolve(dirname(context.filename), name))
          .split(sep)
          .join('/')
          .replace(/\.[cm]?[jt]s$/, '');
        const message =
          isProduct && isIn(target, 'packages')
            ? packageRefusal(file, target, typeOnly, node.type === 'ImportExpression')
            : part && refusal(part, target, typeOnly);
        if (message !== undefined) context.report({ node, message });
      } else if (WITHOUT_NODE.includes(part) && !typeOnly && NODE_MODULES.has(name.replace(/^node:/, ''))) {
        context.report({ node, message: `${part} runs where workflows are replayed: [${name}] is not there` });
      }
    };
    return {
      ImportDeclaration: (node) => check(node, node.source, isTypeOnly(node)),
      ExportNamedDeclaration: (node) => check(node, node.source, isTypeOnly(node)),
      ExportAllDeclaration: (node) => check(node, node.source, node.exportKind === 'type'),
      ImportExpression: (node) => check(node, node.source, false),
      TSImportType: (node) => check(node, node.source ?? node.argument?.literal, true),
      CallExpression: (node) => {
        if (node.callee.type === 'Identifier' && node.callee.name === 'require') check(node, node.arguments[0], false);
      },
    };
  },
};
