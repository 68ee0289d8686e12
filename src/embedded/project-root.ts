import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Returns the path of a file below `scripts` of the checkout, from source as from dist. Throws in an
 * installation without scripts.
 */
export function scriptPath(...names: string[]): string {
  for (let folder = __dirname; ; folder = dirname(folder)) {
    const script = join(folder, 'scripts', ...names);
    if (existsSync(script)) return script;
    if (dirname(folder) === folder) {
      throw new Error(`[scripts/${names.join('/')}] is not part of this installation`);
    }
  }
}
