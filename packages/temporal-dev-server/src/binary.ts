import { execFile } from 'node:child_process';
import { checkoutPath, pickEnv } from '../../child-processes/src';

/** Settings of services: what finds, downloads or builds a program has no use for them. */
const SERVICE_SETTING = /^(SNAPKEEP|TEMPORAL)_/;
const OWN_SETTINGS = ['SNAPKEEP_TEMPORAL_CLI_SHA256', 'SNAPKEEP_CI_RUN'];

/**
 * Returns the path of a Temporal CLI that runs here. The script that set the checkout up decides which, and gets one
 * where there is none yet, which may take minutes; what it does is shown on standard error. Throws saying what to
 * install.
 */
export function temporalBinary(): Promise<string> {
  return new Promise((resolve, reject) => {
    const script = checkoutPath('scripts', 'temporal-binary.mjs');
    const env = pickEnv(process.env, (name) => !SERVICE_SETTING.test(name) || OWN_SETTINGS.includes(name));
    const child = execFile(process.execPath, [script], { env }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout.trim());
      else reject(new Error(stderr.trim() || error.message, { cause: error }));
    });
    child.stderr?.pipe(process.stderr, { end: false });
  });
}
