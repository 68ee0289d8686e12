import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SnapkeepError } from '../contracts/errors';

/**
 * Returns the path of a file below `scripts` of the checkout, from source as from dist. Throws `temporal_unavailable`
 * in an installation without scripts.
 */
export function scriptPath(...names: string[]): string {
  for (let folder = __dirname; ; folder = dirname(folder)) {
    const script = join(folder, 'scripts', ...names);
    if (existsSync(script)) return script;
    if (dirname(folder) === folder) {
      throw new SnapkeepError('temporal_unavailable', `[scripts/${names.join('/')}] is not part of this installation`);
    }
  }
}
