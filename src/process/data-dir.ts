import { chmodSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
const STICKY = 0o1000;
/** What the embedded parts keep in a data dir; whatever else lies there is somebody else's. */
const OURS = ['cluster', 'oss', 'repositories', 'secret-key', 'temporal'];
/** How deep is looked where the data dir was private already: as deep as keys and databases lie. */
const USUAL_DEPTH = 2;

/**
 * Makes the data dir, and whatever of ours is in it, readable for this user alone. `tell` gets a line when something was
 * wider. A folder that others share (sticky, or of another user) keeps its own mode.
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

/** Returns how many files and folders were narrowed. Links are left alone, and so is what they lead to. */
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
