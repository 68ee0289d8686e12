/**
 * Finds, fetches or builds the Temporal CLI, whose dev server Snapkeep runs on where no TEMPORAL_ADDRESS is set.
 * `node scripts/temporal-binary.mjs` prints its path. Node built-ins only.
 *
 * In this order: `temporal` on PATH; the cache; the official download (given up within seconds where there is no
 * network, refused where its checksum is another than the known one); `go install`, which takes some minutes, checks
 * its sources with Go's checksum database, and fills the cache for all later runs of this machine.
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';
import { cacheRoot, withLock } from './lib/cache.mjs';
import { SetupError, run, runMain, step } from './lib/steps.mjs';

/** The newest release that `go install` can build: later ones have a `replace` directive. */
const VERSION = 'v1.5.1';
const EXE = process.platform === 'win32' ? 'temporal.exe' : 'temporal';

/**
 * SHA-256 of the release's archives, as independent package collections have recorded them since it came out (hermit's,
 * two of them, and others). SNAPKEEP_TEMPORAL_CLI_SHA256 names that of a platform which is not here.
 */
const SHA256 = {
  'linux-x64': 'ddc95e08b0b076efd4ea9733a3f488eb7d2be875f8834e616cd2a37358b4852d',
  'linux-arm64': 'bd1b0db9f18b051026de8bf6cc1505f2510f14bbb7a8b9a4a91fff46c77454f5',
  'darwin-x64': 'bbb73e2a31135abe50a1f1cdb35030c42961df618e8ce9c60ae89f201540c5d9',
  'darwin-arm64': 'cca01b7ea35ad56e2a328d9ae596bf716bd22313ef63c7a761c88354457c2415',
};

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

/** Throws SetupError unless the file is the one that the checksum is of. */
async function checkSum(file, expected) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  const found = hash.digest('hex');
  if (found !== expected)
    throw new SetupError(`what came has SHA-256 ${found}, and ${expected} was expected: not used`);
}

async function fetchInto(folder, show) {
  const platform = `${process.platform}-${process.arch}`;
  const expected = process.env.SNAPKEEP_TEMPORAL_CLI_SHA256?.toLowerCase() || SHA256[platform];
  if (expected === undefined) {
    throw new SetupError(`no checksum is known for ${platform}; name it in SNAPKEEP_TEMPORAL_CLI_SHA256`);
  }
  const reasons = [];
  for (const url of downloadUrls()) {
    const archive = join(folder, 'archive');
    try {
      await download(url, archive, show);
      await checkSum(archive, expected);
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
