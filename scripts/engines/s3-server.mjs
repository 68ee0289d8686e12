/**
 * Builds versitygw, an S3 server that checks signatures and knows conditional puts, with Go into the cache:
 * `node scripts/engines/s3-server.mjs` prints its path. The first time takes a minute or two. `--check` only tells, at
 * once and without network, what is missing. Node built-ins only.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheRoot, withLock } from '../lib/cache.mjs';
import { SetupError, run, runMain, step } from '../lib/steps.mjs';

const VERSION = 'v1.8.0';

const binary = () => join(cacheRoot(), 'versitygw', VERSION, 'versitygw');

/** Returns what is missing to run it, as a sentence; undefined when nothing is. */
function missing() {
  if (existsSync(binary())) return undefined;
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'versitygw, an S3 server, needs Go to be built';
  }
}

async function build() {
  const target = binary();
  mkdirSync(dirname(target), { recursive: true });
  const folder = mkdtempSync(join(dirname(target), 'new-'));
  try {
    await step('versitygw: building with Go, once (1 to 3 minutes)', (show) =>
      run('go', ['install', '-v', '-ldflags=-s -w', `github.com/versity/versitygw/cmd/versitygw@${VERSION}`], {
        env: { ...process.env, GOBIN: folder, GOFLAGS: '' },
        onLine: show,
      }),
    );
    renameSync(join(folder, 'versitygw'), target);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

runMain(async () => {
  const lacking = missing();
  if (process.argv[2] === '--check') {
    process.stdout.write(`${JSON.stringify({ missing: lacking })}\n`);
    return;
  }
  if (lacking !== undefined) throw new SetupError(lacking);
  if (!existsSync(binary())) {
    await withLock(
      `${dirname(binary())}.lock`,
      async () => existsSync(binary()) || build(),
      () => process.stderr.write('versitygw: another process is building it, waiting\n'),
    );
  }
  process.stdout.write(`${binary()}\n`);
});
