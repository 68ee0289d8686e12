import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Returns the path of a file of the checkout that is not compiled, from source as from dist. Throws in an installation
 * without that file.
 */
export function checkoutPath(...names: string[]): string {
  for (let folder = __dirname; ; folder = dirname(folder)) {
    const file = join(folder, ...names);
    if (existsSync(file)) return file;
    if (dirname(folder) === folder) throw new Error(`[${names.join('/')}] is not part of this installation`);
  }
}
