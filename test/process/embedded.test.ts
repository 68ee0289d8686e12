import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const ROOT = path.resolve(__dirname, '../..');
const TEST_MS = 240_000;

/** Secrets of the shell that starts everything, by who may see them. */
const SECRETS = {
  SNAPKEEP_SECRET_KEY: 'service-sees-this-key',
  SNAPKEEP_CLUSTER_API_KEY: 'service-sees-api-key',
  // The embedded server asks for none.
  TEMPORAL_API_KEY: 'nobody-sees-temporal-key',
  SNAPKEEP_EMBEDDED_OSS_SECRET_ACCESS_KEY: 'oss-sees-this-key',
  ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'nobody-sees-this',
  GITHUB_TOKEN: 'nobody-sees-that',
};

const start = (command: string, args: readonly string[], dataDir: string): ChildProcess =>
  spawn(command, args, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(SNAPKEEP|TEMPORAL|npm)_/.test(name))),
      ...(process.env.SNAPKEEP_CI_RUN === undefined ? {} : { SNAPKEEP_CI_RUN: process.env.SNAPKEEP_CI_RUN }),
      ...SECRETS,
      SNAPKEEP_DATA_DIR: dataDir,
      SNAPKEEP_HTTP_PORT: '0',
      SNAPKEEP_EMBEDDED_CLUSTER_PORT: '0',
      SNAPKEEP_EMBEDDED_OSS_PORT: '0',
      SNAPKEEP_TEMPORAL_PORT: '0',
      SNAPKEEP_TEMPORAL_UI_PORT: '0',
    },
  });

async function ready(child: ChildProcess): Promise<string> {
  let said = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  for (const deadline = Date.now() + TEST_MS; !said.includes('snapkeep is ready at'); await sleep(50)) {
    if (Date.now() > deadline || child.exitCode !== null) throw new Error(`not ready: ${said}`);
  }
  return said;
}

const read = (pid: number, what: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${what}`, 'utf8');
  } catch {
    return '';
  }
};

/** All that a process started, and what that started, with their command lines. */
function descendants(pid: number): Map<number, string> {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name): [number, number] => {
      const stat = read(Number(name), 'stat');
      return [Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])];
    });
  const found = new Map<number, string>();
  const visit = (parent: number): void => {
    for (const [child, of] of parents) {
      if (of !== parent) continue;
      found.set(child, read(child, 'cmdline').replaceAll('\0', ' '));
      visit(child);
    }
  };
  visit(pid);
  return found;
}

async function untilGone(pids: readonly number[]): Promise<void> {
  const left = (): number[] => pids.filter((pid) => !['', 'Z'].includes(/\) (\w)/.exec(read(pid, 'stat'))?.[1] ?? ''));
  for (const deadline = Date.now() + 20_000; left().length > 0; await sleep(50)) {
    if (Date.now() > deadline)
      throw new Error(
        `left: ${left()
          .map((pid) => `${pid} ${read(pid, 'cmdline')}`)
          .join('\n')}`,
      );
  }
}

function modesBelow(file: string): [string, string][] {
  const stat = lstatSync(file);
  const mode = (stat.mode & 0o777).toString(8);
  if (!stat.isDirectory()) return [[file, mode]];
  return [[file, mode], ...readdirSync(file).flatMap((name) => modesBelow(path.join(file, name)))];
}

(existsSync('/proc/self/environ') ? describe : describe.skip)('everything on this machine', () => {
  let dataDir: string;
  const started: number[] = [];

  beforeEach(() => {
    dataDir = mkdtempSync(path.join(tmpdir(), 'snapkeep-embedded-'));
  });

  afterEach(async () => {
    for (const pid of started.splice(0)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Already gone, as it should.
      }
    }
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
  });

  it(
    'gives each part the secrets it needs, keeps its data private, and ends when npm is killed',
    async () => {
      chmodSync(dataDir, 0o755);
      mkdirSync(path.join(dataDir, 'temporal'), { mode: 0o755 });
      writeFileSync(path.join(dataDir, 'temporal', 'old.log'), 'x', { mode: 0o644 });
      writeFileSync(path.join(dataDir, 'foreign'), 'x', { mode: 0o644 });

      const npm = start('npm', ['start'], dataDir);
      started.push(npm.pid!);
      const said = await ready(npm);
      const all = descendants(npm.pid!);
      started.push(...all.keys());

      expect(said).toContain(`made [${dataDir}] private: 3 files or folders`);
      const modes = modesBelow(dataDir).filter(([file]) => !file.endsWith('/foreign'));
      expect(modes.filter(([, mode]) => !['600', '700'].includes(mode))).toEqual([]);
      expect(modes.map(([file]) => path.relative(dataDir, file))).toContain('temporal/temporal.db');
      expect((lstatSync(path.join(dataDir, 'foreign')).mode & 0o777).toString(8)).toBe('644');

      const seenBy = (command: RegExp): string[] => {
        const [pid] = [...all].find(([, line]) => command.test(line))!;
        const environ = read(pid, 'environ');
        expect(environ).toContain('PATH=');
        return Object.entries(SECRETS).flatMap(([name, value]) => (environ.includes(value) ? [name] : []));
      };
      expect(seenBy(/server start-dev/)).toEqual([]);
      expect(seenBy(/reaper/)).toEqual([]);
      expect(seenBy(/embedded-cluster/)).toEqual([]);
      expect(seenBy(/embedded-oss/)).toEqual(['SNAPKEEP_EMBEDDED_OSS_SECRET_ACCESS_KEY']);
      const service = ['SNAPKEEP_SECRET_KEY', 'SNAPKEEP_CLUSTER_API_KEY'];
      expect(seenBy(/--role worker/)).toEqual(service);
      expect(seenBy(/--role api/)).toEqual(service);

      npm.kill('SIGKILL');
      await untilGone([...all.keys()]);
    },
    TEST_MS,
  );

  it(
    'ends when the process that started it is killed, parts that hang too, and goes on from its data',
    async () => {
      for (const round of [1, 2]) {
        const starter = start(process.execPath, ['dist/scripts/start.js'], dataDir);
        started.push(starter.pid!);
        await ready(starter);
        const all = descendants(starter.pid!);
        started.push(...all.keys());
        expect([...all.values()].filter((line) => /start-dev|--role|embedded/.test(line))).toHaveLength(5);
        if (round === 2) process.kill([...all].find(([, line]) => line.includes('--role worker'))![0], 'SIGSTOP');
        starter.kill('SIGKILL');
        await untilGone([...all.keys()]);
      }
    },
    TEST_MS,
  );
});
