/**
 * Locates the cache that all checkouts of Snapkeep on a machine share, and locks it while one of them fills it.
 * Node built-ins only: this runs before anything is installed.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Returns `${XDG_CACHE_HOME:-~/.cache}/snapkeep`; does not create it. */
export function cacheRoot(env = process.env) {
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'snapkeep');
}

/** Returns the text of `path`, or undefined if the file is missing. */
export function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Returns all files below `path` (or `path`, if it is a file), sorted; none if it is missing. */
export function filesBelow(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  if (!stat.isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesBelow(join(path, name)));
}

/** Computes the SHA-256 (hex) over the relative names and the bytes of all files below `paths`. */
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

/** Returns whether the lock has no owner: its process ended, or never wrote its id and made the lock long ago. */
function isStale(lock) {
  const owner = Number(readIfThere(join(lock, 'pid')));
  if (owner > 0) return !isAlive(owner);
  const made = statSync(lock, { throwIfNoEntry: false });
  return made !== undefined && Date.now() - made.mtimeMs > 10_000;
}

/**
 * Runs `work` while no other process holds the same `lock` folder. Waits for the other process as long as it lives, and
 * calls `onWait` once if it has to wait. Takes over a lock that a killed process left.
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
      // Renamed first, so that of two processes that find the same stale lock only one takes it over.
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
