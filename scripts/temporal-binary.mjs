/**
 * Finds, fetches or builds the Temporal CLI, whose dev server Snapkeep runs on where no TEMPORAL_ADDRESS is set.
 * `node scripts/temporal-binary.mjs` prints its path. Node built-ins only.
 *
 * In this order: `temporal` on PATH; the cache; the official download (given up within seconds where there is no
 * network); `go install`, which takes some minutes and fills the cache for all later runs of this machine.
 */
import { chmodSync, createWriteStream, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';
import { cacheRoot, withLock } from './lib/cache.mjs';
import { SetupError, run, runMain, step } from './lib/steps.mjs';

/** The newest release that `go install` can build: later ones have a `replace` directive. */
const VERSION = 'v1.5.1';
const EXE = process.platform === 'win32' ? 'temporal.exe' : 'temporal';

/** How long to wait for the first byte of a download, and for each next one, in ms. */
const NETWORK_PATIENCE_MS = 5_000;

function cachedBinary() {
  return join(cacheRoot(), 'temporal', VERSION, EXE);
}

async function works(binary) {
  try {
    return /version \d/.test(await run(binary, ['--version'], { timeoutMs: 20_000 }));
  } catch {
    return false;
  }
}

/** A `temporal` that the user installed. Only real executables: a broken one must not stop the search. */
async function binaryOnPath() {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const candidate = join(folder, EXE);
    if (folder !== '' && existsSync(candidate) && (await works(candidate))) return candidate;
  }
  return undefined;
}

function downloadUrls() {
  const platform = { linux: 'linux', darwin: 'darwin', win32: 'windows' }[process.platform];
  const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch];
  if (platform === undefined || arch === undefined) return [];
  const file = `temporal_cli_${VERSION.slice(1)}_${platform}_${arch}.${platform === 'windows' ? 'zip' : 'tar.gz'}`;
  return [
    `https://github.com/temporalio/cli/releases/download/${VERSION}/${file}`,
    `https://temporal.download/cli/archive/${VERSION}?platform=${platform}&arch=${arch}`,
  ];
}

/** Saves `url` as `file`; throws when nothing comes for {@link NETWORK_PATIENCE_MS}. */
async function download(url, file, show) {
  const abort = new AbortController();
  let timer;
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(() => abort.abort(new SetupError('no answer in time')), NETWORK_PATIENCE_MS);
  };
  wait();
  try {
    const response = await fetch(url, { signal: abort.signal });
    if (!response.ok || response.body === null) throw new SetupError(`HTTP ${response.status}`);
    const total = Number(response.headers.get('content-length')) || undefined;
    let received = 0;
    const counted = async function* (chunks) {
      for await (const chunk of chunks) {
        wait();
        received += chunk.length;
        show(`${(received / 1e6).toFixed(0)}${total ? ` of ${(total / 1e6).toFixed(0)}` : ''} MB`);
        yield chunk;
      }
    };
    await pipeline(Readable.fromWeb(response.body), counted, createWriteStream(file), { signal: abort.signal });
  } finally {
    clearTimeout(timer);
  }
}

async function fetchInto(folder, show) {
  const reasons = [];
  for (const url of downloadUrls()) {
    const archive = join(folder, 'archive');
    try {
      await download(url, archive, show);
      await run('tar', ['-xf', archive, '-C', folder, EXE]);
      rmSync(archive);
      if (await works(join(folder, EXE))) return join(folder, EXE);
      reasons.push(`${new URL(url).host}: what came does not run here`);
    } catch (error) {
      reasons.push(`${new URL(url).host}: ${error.cause?.message ?? error.message}`);
    }
  }
  throw new SetupError(reasons.join('; ') || `there is none for ${process.platform} ${process.arch}`);
}

async function goVersion() {
  try {
    return /go(\d+)\.(\d+)/.exec(await run('go', ['version'], { timeoutMs: 20_000 }));
  } catch {
    return null;
  }
}

async function buildInto(folder, show) {
  const version = await goVersion();
  if (version === null) throw new SetupError('there is no Go');
  // From 1.21 on, Go fetches the newer toolchain that a module asks for.
  if (Number(version[1]) === 1 && Number(version[2]) < 21) throw new SetupError(`${version[0]} is older than go1.25`);
  let packages = 0;
  await run('go', ['install', '-v', '-ldflags=-s -w', `github.com/temporalio/cli/cmd/temporal@${VERSION}`], {
    env: { ...process.env, GOBIN: folder, GOFLAGS: '' },
    onLine: (line) => {
      if (!line.startsWith('go: ')) packages += 1;
      show(packages === 0 ? line : `${packages} packages compiled`);
    },
  });
  const built = join(folder, EXE);
  if (!(await works(built))) throw new SetupError('what was built does not run');
  return built;
}

/** Puts the binary in the cache, by whichever way works, and says where it is. */
async function fillCache() {
  const target = cachedBinary();
  const parent = join(target, '..');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'new-'));
  try {
    const reasons = [];
    for (const [title, obtain, kind] of [
      ['Temporal dev server: downloading', fetchInto, 'download'],
      ['Temporal dev server: building with Go, once (3 to 8 minutes)', buildInto, 'Go build'],
    ]) {
      try {
        const made = await step(title, (show) => obtain(folder, show));
        chmodSync(made, 0o755);
        renameSync(made, target);
        return target;
      } catch (error) {
        reasons.push(`${kind}: ${error.message}`);
      }
    }
    throw new SetupError(
      `There is no Temporal dev server here, and none could be had:\n  ${reasons.join('\n  ')}\n` +
        'Install the Temporal CLI (https://docs.temporal.io/cli) so that `temporal` is on the PATH, or Go 1.25 or newer;\n' +
        'or set TEMPORAL_ADDRESS to a Temporal server that is already running.',
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Path of a Temporal CLI that runs. Throws SetupError saying what to install when there is no way to get one. */
export async function temporalBinary() {
  const target = cachedBinary();
  const found = await binaryOnPath();
  if (found !== undefined) return found;
  if (existsSync(target)) return target;
  return withLock(
    `${join(target, '..')}.lock`,
    async () => (existsSync(target) ? target : fillCache()),
    () => process.stderr.write('Temporal dev server: another process is getting it, waiting\n'),
  );
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  runMain(async () => process.stdout.write(`${await temporalBinary()}\n`));
}
