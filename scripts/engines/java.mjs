/** Finding a JDK of a given age among those installed. Node built-ins only. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { readIfThere } from '../lib/cache.mjs';

function childrenOf(folder, below = '') {
  try {
    return readdirSync(folder).map((name) => join(folder, name, below));
  } catch {
    return [];
  }
}

function homesOnPath() {
  const homes = [];
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const javac = join(folder, 'javac');
    if (folder !== '' && existsSync(javac)) homes.push(dirname(dirname(realpathSync(javac))));
  }
  return homes;
}

/** The feature release (17, 21, …) of the JDK at `home`; undefined where there is none, or no compiler in it. */
function releaseOf(home) {
  if (!existsSync(join(home, 'bin', 'java')) || !existsSync(join(home, 'bin', 'javac'))) return undefined;
  let version = /^JAVA_VERSION="([^"]+)"/m.exec(readIfThere(join(home, 'release')) ?? '')?.[1];
  if (version === undefined) {
    try {
      version = execFileSync(join(home, 'bin', 'javac'), ['-version'], { encoding: 'utf8' }).split(' ')[1];
    } catch {
      return undefined;
    }
  }
  const parts = version.split(/[._-]/).map(Number);
  return parts[0] === 1 ? parts[1] : parts[0];
}

/** All JDKs in the usual places, oldest first: `{home, release}`. */
export function installedJdks() {
  const named = Object.keys(process.env)
    .filter((name) => /^JAVA_HOME/.test(name))
    .map((name) => process.env[name]);
  const homes = [
    ...named,
    ...homesOnPath(),
    ...childrenOf('/usr/lib/jvm'),
    ...childrenOf('/usr/java'),
    ...childrenOf('/opt/java'),
    ...childrenOf('/opt'),
    ...childrenOf(join(homedir(), '.sdkman/candidates/java')),
    ...childrenOf(join(homedir(), '.jdks')),
    ...childrenOf('/Library/Java/JavaVirtualMachines', 'Contents/Home'),
  ];
  const found = new Map();
  for (const home of homes) {
    if (!home || !existsSync(home)) continue;
    const real = realpathSync(home);
    if (found.has(real)) continue;
    const release = releaseOf(real);
    if (release !== undefined) found.set(real, { home: real, release });
  }
  return [...found.values()].sort((a, b) => a.release - b.release);
}

/** The oldest installed JDK with `least <= release <= most`, or undefined. */
export function findJdk({ least, most = Infinity }) {
  return installedJdks().find(({ release }) => release >= least && release <= most);
}
