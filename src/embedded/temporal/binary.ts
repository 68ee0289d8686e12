import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SnapkeepError } from '../../contracts/errors';

/** The folder of the checkout, from source as from dist. */
function projectRoot(): string {
  let folder = __dirname;
  while (!existsSync(join(folder, 'scripts', 'temporal-binary.mjs'))) {
    const parent = dirname(folder);
    if (parent === folder) {
      throw new SnapkeepError('temporal_unavailable', 'scripts/temporal-binary.mjs is not part of this installation');
    }
    folder = parent;
  }
  return folder;
}

/**
 * Path of a Temporal CLI that runs here. The script that set the checkout up decides which, and gets one where there
 * is none yet, which may take minutes; what it does is shown on standard error. Throws `temporal_unavailable` saying
 * what to install.
 */
export function temporalBinary(): Promise<string> {
  return new Promise((resolve, reject) => {
    const script = join(projectRoot(), 'scripts', 'temporal-binary.mjs');
    const child = execFile(process.execPath, [script], (error, stdout, stderr) => {
      if (error === null) resolve(stdout.trim());
      else reject(new SnapkeepError('temporal_unavailable', stderr.trim() || error.message, { cause: error }));
    });
    child.stderr?.pipe(process.stderr, { end: false });
  });
}
