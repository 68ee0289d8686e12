import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { transformSync } from '@swc/core';
import { filesBelow, ROOT } from '../support/sources';

const FOLDERS = ['src', 'workflows', 'activities', 'packages', 'bench', 'scripts'];

function sourcesBelow(folder: string): string[] {
  return filesBelow(folder)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(ROOT, file));
}

/** The files that `file` loads when it runs, as paths that exist: imports used as types only are erased first. */
function loadedBy(file: string): string[] {
  const { code } = transformSync(readFileSync(file, 'utf8'), {
    filename: file,
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
    module: { type: 'commonjs' },
  });
  return [...code.matchAll(/\brequire\("(\.[^"]*)"\)/g)].flatMap(([, name]) => {
    return existing(resolve(dirname(file), name!));
  });
}

/** The file that an import of `base` names, if there is one. */
function existing(base: string): string[] {
  return [`${base}.ts`, join(base, 'index.ts')].filter((path) => existsSync(path)).slice(0, 1);
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
  const files = FOLDERS.flatMap(sourcesBelow);
  const graph = new Map(files.map((file) => [file, loadedBy(file)]));
  expect(graph.size).toBeGreaterThan(10);
  expect([...graph.values()].flat().length).toBeGreaterThan(graph.size / 2);
  expect(findCycle(graph)?.map((file) => relative(ROOT, file)) ?? []).toEqual([]);
});

/** The folders that the files of each folder import from, types included. */
function foldersImported(files: readonly string[]): Map<string, string[]> {
  const graph = new Map<string, string[]>();
  for (const file of files) {
    const from = dirname(file);
    const names = [...readFileSync(file, 'utf8').matchAll(/(?:\bfrom|\bimport\()\s*'(\.[^']*)'/g)].map(
      ([, name]) => name!,
    );
    const targets = names.flatMap((name) => existing(resolve(from, name))).map((path) => dirname(path));
    graph.set(from, [...(graph.get(from) ?? []), ...targets.filter((target) => target !== from)]);
  }
  return graph;
}

test('no folder imports from one that imports from it, types included', () => {
  const files = ['src', 'workflows', 'activities'].flatMap(sourcesBelow);
  const graph = foldersImported(files);
  expect([...graph.values()].flat().length).toBeGreaterThan(files.length);
  expect(findCycle(graph)?.map((folder) => relative(ROOT, folder)) ?? []).toEqual([]);
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
