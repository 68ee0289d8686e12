import { execFile } from 'node:child_process';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const PACKAGES = ['oss2==2.19.1', 'alibabacloud-oss-v2==1.4.1'];
const INSTALL_MS = 240_000;

/**
 * The interpreter of a virtual environment that holds Alibaba Cloud's two Python SDKs, made on first use and kept in
 * the user's cache; or the reason why there is none.
 */
export async function preparePython(): Promise<{ python: string } | { missing: string }> {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'snapkeep');
  const folder = join(cache, 'python-oss');
  const python = join(folder, 'bin', 'python3');
  if (await exists(join(folder, 'complete'))) return { python };
  // Made elsewhere and renamed when complete (scripts of an environment are not used, so it may be moved).
  const made = `${folder}-${process.pid}`;
  try {
    await mkdir(cache, { recursive: true });
    await run('python3', ['-m', 'venv', made], { timeout: INSTALL_MS });
    const pip = ['-m', 'pip', 'install', '--quiet', '--retries', '1', '--timeout', '20', ...PACKAGES];
    await run(join(made, 'bin', 'python3'), pip, { timeout: INSTALL_MS });
    await mkdir(join(made, 'complete'));
    await rename(made, folder).catch(async (error: unknown) => {
      if (!(await exists(join(folder, 'complete')))) throw error;
    });
    return { python };
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return { missing: `no Python with ${PACKAGES.join(' and ')}: ${reason}` };
  } finally {
    await rm(made, { recursive: true, force: true });
  }
}

/** Runs a script of packages/embedded-oss/test/python; the lines it printed. Throws with its traceback if it fails. */
export async function runPython(python: string, script: string, ...args: string[]): Promise<string[]> {
  const path = join(__dirname, 'python', script);
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1', NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' };
  const { stdout } = await run(python, [path, ...args], { timeout: 100_000, env }).catch((error: unknown) => {
    const { stdout: printed, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${script} ${args.join(' ')} failed after:\n${printed}\n${stderr}`);
  });
  return stdout.trim().split('\n');
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
