/**
 * The cache that all checkouts of Snapkeep on a machine share, and the lock that lets two of them fill it at once.
 * Node built-ins only: this runs before anything is installed.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** `${XDG_CACHE_HOME:-~/.cache}/snapkeep`; not created. */
export function cacheRoot(env = process.env) {
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'snapkeep');
}

/** The text of `path`, or undefined where there is no such file. */
export function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** All files below `path` (itself, where it is a file), sorted; a missing path gives none. */
export function filesBelow(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  if (!stat.isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesBelow(join(path, name)));
}

/** SHA-256 (hex) over the relative names and the bytes of all files below `paths`. */
export function hashFiles(root, paths) {
  const hash = createHash('sha256');
  for (const file of paths.flatMap((path) => filesBelow(join(root, path)))) {
    hash
      .update(`${relative(root, file)}\0`)
      .update(readFileSync(file))
      .update('\0');
  }
  return hash.digest('hex');
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** A lock whose owner is gone: its process ended, or it was made long ago by one that never wrote its id. */
function isStale(lock) {
  const owner = Number(readIfThere(join(lock, 'pid')));
  if (owner > 0) return !isAlive(owner);
  const made = statSync(lock, { throwIfNoEntry: false });
  return made !== undefined && Date.now() - made.mtimeMs > 10_000;
}

/**
 * Runs `work` while no other process runs one under the same `lock` folder. Waits for the other one as long as that
 * lives; `onWait` is called once when there is something to wait for. A lock left by a killed process is taken over.
 */
export async function withLock(lock, work, onWait = () => {}) {
  mkdirSync(join(lock, '..'), { recursive: true });
  for (let waited = false; ;) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (isStale(lock)) {
      // Renamed first: of two that find the same stale lock, one gets it and the other tries again.
      const grave = `${lock}.stale-${process.pid}-${Date.now()}`;
      try {
        renameSync(lock, grave);
        rmSync(grave, { recursive: true, force: true });
      } catch (error) {
        if (error.code !== 'ENOENT') throw error;
      }
      continue;
    }
    if (!waited) onWait();
    waited = true;
    await sleep(300);
  }
  writeFileSync(join(lock, 'pid'), String(process.pid));
  const release = () => rmSync(lock, { recursive: true, force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    process.off('exit', release);
    release();
  }
}
