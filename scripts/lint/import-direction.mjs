/**
 * Imports go one way: contracts → blobs, cluster → repository → activities → worker, and contracts → jobs → api.
 * An ESLint rule, so that the wrong arrow is underlined while it is being drawn; src/process, src/cli, scripts, bench
 * and test tie everything together and may import anything.
 */
import { builtinModules } from 'node:module';
import { dirname, relative, resolve, sep } from 'node:path';

/** What each part may import beside packages and itself; `types` are parts whose types alone it may use. */
export const MAY_IMPORT = {
  'src/contracts': {},
  'src/blobs': { values: ['src/contracts'] },
  'src/cluster': { values: ['src/contracts'] },
  'src/repository': { values: ['src/contracts', 'src/blobs', 'src/cluster'] },
  'src/registrations': { values: ['src/contracts', 'src/blobs', 'src/repository'] },
  'src/embedded': { values: ['src/contracts'] },
  // Messages are definitions without behaviour; a workflow's type tells what starting it takes.
  'src/jobs': {
    values: ['src/contracts', 'src/registrations', 'src/repository', 'src/blobs', 'workflows/messages'],
    types: ['workflows'],
  },
  'src/api': { values: ['src/contracts', 'src/jobs', 'src/cluster'] },
  activities: {
    values: ['src/contracts', 'src/blobs', 'src/cluster', 'src/repository', 'src/registrations', 'workflows/messages'],
    types: ['workflows'],
  },
  workflows: { values: ['src/contracts'], types: ['activities'] },
};

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
    if (part === undefined) return {};
    const check = (node, source, typeOnly) => {
      if (typeof source?.value !== 'string') return;
      const name = source.value;
      if (name.startsWith('.')) {
        const target = relative(context.cwd, resolve(dirname(context.filename), name))
          .split(sep)
          .join('/');
        const message = refusal(part, target.replace(/\.[cm]?[jt]s$/, ''), typeOnly);
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
