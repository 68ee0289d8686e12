import { join, relative, resolve } from 'node:path';

const SOURCES = resolve(__dirname, '..', '..');

/**
 * The compiled file of a thread, `name` without extension, beside the file that starts it; also where that runs
 * uncompiled, as in tests: threads load no TypeScript.
 */
export function threadFile(folder: string, name: string): string {
  const compiled = __filename.endsWith('.ts') ? join(SOURCES, 'dist', relative(SOURCES, folder)) : folder;
  return join(compiled, `${name}.js`);
}
