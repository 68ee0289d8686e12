import { chmodSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
const STICKY = 0o1000;
/** Entries of a data dir that the embedded parts own; all others are left alone. */
const OURS = ['cluster', 'oss', 'repositories', 'secret-key', 'temporal'];
/** Depth of the check if the data dir was private already: the depth of keys and databases. */
const USUAL_DEPTH = 2;

/**
 * Creates the data dir, and makes it and Snapkeep's entries in it readable for this user alone. Passes a line to `tell`
 * if a mode was wider. A folder that is shared with others (sticky, or of another user) keeps its own mode.
 */
export function claimDataDir(dataDir: string, tell: (line: string) => void): void {
  mkdirSync(dataDir, { recursive: true, mode: FOLDER_MODE });
  const { mode, uid } = lstatSync(dataDir);
  const isShared = (mode & STICKY) !== 0 || (process.getuid !== undefined && uid !== process.getuid());
  const wasOpen = (mode & 0o077) !== 0;
  let narrowed = 0;
  if (wasOpen && !isShared) {
    chmodSync(dataDir, FOLDER_MODE);
    narrowed += 1;
  }
  for (const name of OURS) narrowed += narrow(path.join(dataDir, name), wasOpen ? Infinity : USUAL_DEPTH);
  if (narrowed > 0) tell(`made [${dataDir}] private: ${narrowed} files or folders could be read by other users`);
  if (isShared) tell(`[${dataDir}] is shared with other users; name a folder of its own in SNAPKEEP_DATA_DIR`);
}

/** Narrows the modes below `file` and returns the number of changes. Does not follow or change links. */
function narrow(file: string, depth: number): number {
  const stat = lstatSync(file, { throwIfNoEntry: false });
  if (stat === undefined || !(stat.isFile() || stat.isDirectory())) return 0;
  let narrowed = 0;
  if ((stat.mode & 0o077) !== 0) {
    chmodSync(file, stat.isDirectory() ? FOLDER_MODE : FILE_MODE);
    narrowed += 1;
  }
  if (stat.isDirectory() && depth > 0) {
    for (const name of readdirSync(file)) narrowed += narrow(path.join(file, name), depth - 1);
  }
  return narrowed;
}
