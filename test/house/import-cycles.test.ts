import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { transformSync } from '@swc/core';

const ROOT = resolve(__dirname, '../..');
const FOLDERS = ['src', 'workflows', 'activities', 'bench', 'scripts'];

function sourcesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sourcesBelow(path);
    return entry.name.endsWith('.ts') ? [path] : [];
  });
}

/** The files that `file` loads when it runs, as paths that exist: imports used as types only are erased first. */
function loadedBy(file: string): string[] {
  const { code } = transformSync(readFileSync(file, 'utf8'), {
    filename: file,
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
    module: { type: 'commonjs' },
  });
  return [...code.matchAll(/\brequire\("(\.[^"]*)"\)/g)].flatMap(([, name]) => {
    const base = resolve(dirname(file), name!);
    return [`${base}.ts`, join(base, 'index.ts')].filter((path) => existsSync(path)).slice(0, 1);
  });
}

/** The first cycle found, as a path that ends where it begins; undefined when there is none. */
function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    path.push(file);
    for (const next of graph.get(file) ?? []) {
      const cycle = visit(next);
      if (cycle !== undefined) return cycle;
    }
    path.pop();
    done.add(file);
    return undefined;
  };
  for (const file of graph.keys()) {
    const cycle = visit(file);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

test('no file waits for itself through its imports', () => {
  const files = FOLDERS.flatMap((folder) => sourcesBelow(join(ROOT, folder)));
  const graph = new Map(files.map((file) => [file, loadedBy(file)]));
  expect(graph.size).toBeGreaterThan(10);
  expect([...graph.values()].flat().length).toBeGreaterThan(graph.size / 2);
  expect(findCycle(graph)?.map((file) => relative(ROOT, file)) ?? []).toEqual([]);
});

test('a cycle is found where there is one', () => {
  const graph = new Map([
    ['a', ['b', 'c']],
    ['b', []],
    ['c', ['d']],
    ['d', ['b', 'a']],
  ]);
  expect(findCycle(graph)).toEqual(['a', 'c', 'd', 'a']);
});
