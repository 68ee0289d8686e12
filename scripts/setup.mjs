/**
 * Makes a fresh clone ready to run: installs, builds, finds the Temporal dev server. Node built-ins only; the first
 * thing that `npm run demo`, `npm start` and `npm test` do. When nothing has changed it is done in a moment.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheRoot, hashFiles, readIfThere, withLock } from './lib/cache.mjs';
import { SetupError, run, runMain, step } from './lib/steps.mjs';
import { temporalBinary } from './temporal-binary.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const LEAST_NODE = 20;

/** All that decides what `npm run build` makes. */
const BUILD_INPUTS = [
  'src',
  'workflows',
  'activities',
  ...readdirSync(join(ROOT, 'packages')).map((name) => join('packages', name, 'src')),
  'bench',
  'scripts',
  'tsconfig.json',
  'package.json',
  'package-lock.json',
];

function checkNode() {
  const [major] = process.versions.node.split('.').map(Number);
  if (major < LEAST_NODE) {
    throw new SetupError(`Snapkeep needs Node ${LEAST_NODE} or newer; this is ${process.version}.`);
  }
}

/** Runs npm, the one that runs this script where there is one. */
function npm(args, onLine) {
  const own = process.env.npm_execpath;
  const [command, ...first] =
    own !== undefined && /\.c?js$/.test(own)
      ? [process.execPath, own]
      : [process.platform === 'win32' ? 'npm.cmd' : 'npm'];
  return run(command, [...first, ...args], { cwd: ROOT, onLine });
}

/** Whether what npm last installed is what the lock file asks for; for a tree installed by npm itself. */
function npmAgrees(lockText) {
  const installedText = readIfThere(join(ROOT, 'node_modules', '.package-lock.json'));
  if (installedText === undefined) return false;
  const wanted = JSON.parse(lockText).packages;
  const installed = JSON.parse(installedText).packages;
  // The link to a package of the checkout has no version; that it is there is all.
  const same = ([path, { version }]) => Object.hasOwn(installed, path) && installed[path].version === version;
  return (
    Object.keys(installed).every((path) => Object.hasOwn(wanted, path)) &&
    Object.entries(wanted)
      .filter(([path, entry]) => path !== '' && !entry.optional)
      .every(same)
  );
}

async function install() {
  const stampFile = join(ROOT, 'node_modules', '.snapkeep-lock');
  const lockText = readIfThere(join(ROOT, 'package-lock.json'));
  if (lockText === undefined) throw new SetupError('package-lock.json is missing: this is not a whole checkout.');
  const stamp = createHash('sha256').update(lockText).digest('hex');
  if (readIfThere(stampFile) === stamp) return;
  if (!npmAgrees(lockText)) {
    // No package we use needs its install script, so none is run.
    await step('Installing packages', (show) =>
      npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], show),
    );
  }
  writeFileSync(stampFile, stamp);
}

async function build() {
  const stampFile = join(ROOT, 'dist', '.snapkeep-build');
  const stamp = hashFiles(ROOT, BUILD_INPUTS);
  if (readIfThere(stampFile) === stamp) return;
  await step('Building', (show) => npm(['run', '--silent', 'build'], show));
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, stamp);
}

async function main() {
  checkNode();
  const checkout = createHash('sha256').update(ROOT).digest('hex').slice(0, 16);
  await withLock(
    join(cacheRoot(), 'checkouts', `${checkout}.lock`),
    async () => {
      await install();
      await build();
    },
    () => process.stderr.write('Another process is setting up this checkout, waiting\n'),
  );
  if (!process.env.TEMPORAL_ADDRESS) await temporalBinary();
}

if (!existsSync(join(ROOT, 'package.json'))) throw new Error(`no package.json in ${ROOT}`);
runMain(main);
