import { execFile, type ExecFileException, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const SCRIPTS = resolve(__dirname, '../../scripts');

/** Stands for a machine without network. */
const OFFLINE = `--import=data:text/javascript,${encodeURIComponent(
  'globalThis.fetch = () => Promise.reject(new Error("no network"));',
)}`;

let folder: string;
let bin: string;
let cache: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'snapkeep-setup-'));
  bin = join(folder, 'bin');
  cache = join(folder, 'cache');
  mkdirSync(bin);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script with nothing but `bin` on the PATH. */
function run(args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  const env = { PATH: bin, HOME: folder, XDG_CACHE_HOME: cache, NODE_OPTIONS: OFFLINE, ...more };
  return new Promise((done) => {
    execFile(process.execPath, args, { env }, (error: ExecFileException | null, stdout, stderr) =>
      done({ code: error === null ? 0 : Number(error.code), stdout: stdout.trim(), stderr }),
    );
  });
}

function program(path: string, body: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

const findTemporal = (): Promise<Outcome> => run([join(SCRIPTS, 'temporal-binary.mjs')]);
const cached = (): string => join(cache, 'snapkeep', 'temporal', 'v1.5.1', 'temporal');
const GOOD = 'echo "temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)"';

test('an installed Temporal CLI is used, and nothing is fetched', async () => {
  const installed = program(join(bin, 'temporal'), GOOD);
  expect(await findTemporal()).toEqual({ code: 0, stdout: installed, stderr: '' });
  expect(existsSync(cache)).toBe(false);
});

test('a Temporal CLI that does not run is passed over for the cached one', async () => {
  program(join(bin, 'temporal'), 'exit 1');
  program(cached(), GOOD);
  expect(await findTemporal()).toMatchObject({ code: 0, stdout: cached() });
});

test('without network Go builds it into the cache, and only once', async () => {
  symlinkSync('/bin/cp', join(bin, 'cp'));
  const made = program(join(folder, 'made'), GOOD);
  program(
    join(bin, 'go'),
    `if [ "$1" = version ]; then echo "go version go1.26.8 linux/amd64"; exit; fi
     echo "$@" >> ${folder}/asked
     cp ${made} "$GOBIN/temporal"`,
  );
  const both = await Promise.all([findTemporal(), findTemporal()]);
  expect(both.map(({ code, stdout }) => ({ code, stdout }))).toEqual(
    Array.from({ length: 2 }, () => ({ code: 0, stdout: cached() })),
  );
  expect(readFileSync(join(folder, 'asked'), 'utf8').trim().split('\n')).toEqual([
    expect.stringMatching(/^install .*github\.com\/temporalio\/cli\/cmd\/temporal@v1\.5\.1$/),
  ]);
});

/** Stands for a network on which every address gives these bytes. */
const served = (archive: string): string =>
  `--import=data:text/javascript,${encodeURIComponent(
    `import { readFileSync } from 'node:fs';
     globalThis.fetch = () => Promise.resolve(new Response(readFileSync(${JSON.stringify(archive)})));`,
  )}`;

describe('a download', () => {
  let archive: string;

  beforeEach(() => {
    for (const name of ['tar', 'gzip']) symlinkSync(execFileSync('which', [name]).toString().trim(), join(bin, name));
    program(join(folder, 'temporal'), GOOD);
    archive = join(folder, 'archive.tar.gz');
    execFileSync('tar', ['-czf', archive, '-C', folder, 'temporal']);
  });

  const find = (more: NodeJS.ProcessEnv): Promise<Outcome> =>
    run([join(SCRIPTS, 'temporal-binary.mjs')], { NODE_OPTIONS: served(archive), ...more });

  test('that is not what the known checksum is of is not run', async () => {
    const { code, stderr } = await find({});
    expect(code).toBe(1);
    expect(stderr).toMatch(/what came has SHA-256 [0-9a-f]{64}, and [0-9a-f]{64} was expected: not used/);
    expect(existsSync(cached())).toBe(false);
  });

  test('that has the checksum that was named is used', async () => {
    const sum = createHash('sha256').update(readFileSync(archive)).digest('hex');
    expect(await find({ SNAPKEEP_TEMPORAL_CLI_SHA256: sum.toUpperCase() })).toMatchObject({
      code: 0,
      stdout: cached(),
    });
  });
});

test('with no way to get a Temporal CLI the error says what to install', async () => {
  const { code, stderr } = await findTemporal();
  expect(code).toBe(1);
  expect(stderr).toContain('no network');
  expect(stderr).toContain('there is no Go');
  expect(stderr).toMatch(/Install the Temporal CLI .* TEMPORAL_ADDRESS/s);
});

test('a machine without Maven is told what each engine lacks', async () => {
  const { code, stdout } = await run([join(SCRIPTS, 'engines', 'prepare.mjs'), '--check']);
  expect(code).toBe(0);
  const engines = stdout.split('\n').map((line) => JSON.parse(line) as { name: string; missing?: string });
  expect(engines.map(({ name }) => name)).toEqual([
    'opensearch-3.8',
    'opensearch-2.19',
    'elasticsearch-9.5',
    'elasticsearch-8.19',
    'elasticsearch-7.10',
  ]);
  for (const { missing } of engines) if (missing !== undefined) expect(missing).toMatch(/needs (a JDK \d+|Maven)/);
});

const LOCK = `
  import { appendFileSync } from 'node:fs';
  import { withLock } from ${JSON.stringify(pathToFileURL(join(SCRIPTS, 'lib/cache.mjs')).href)};
  const [lock, log, ms] = process.argv.slice(1);
  await withLock(lock, async () => {
    appendFileSync(log, 'in\\n');
    console.log('in');
    await new Promise((done) => setTimeout(done, Number(ms)));
    appendFileSync(log, 'out\\n');
  });
`;

test('two processes under one lock work one after the other', async () => {
  const log = join(folder, 'log');
  const args = ['--input-type=module', '-e', LOCK, join(folder, 'lock'), log, '200'];
  await Promise.all([run(args), run(args), run(args)]);
  expect(readFileSync(log, 'utf8')).toBe('in\nout\n'.repeat(3));
});

test('a lock whose owner was killed is taken over', async () => {
  const log = join(folder, 'log');
  const args = ['--input-type=module', '-e', LOCK, join(folder, 'lock'), log];
  const owner = spawn(process.execPath, [...args, '60000'], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(owner.stdout, 'data');
  owner.kill('SIGKILL');
  await once(owner, 'exit');
  expect((await run([...args, '0'])).code).toBe(0);
  expect(readFileSync(log, 'utf8')).toBe('in\nin\nout\n');
});
