/**
 * Environments for child processes. A child gets what is listed and nothing else, since whatever lies in the
 * environment of a shell, keys of other services too, can be read in each process that inherits it.
 */

/** What programs need to find files, libraries and certificates, and to know language and time zone. */
const PROGRAM = [
  ...['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'TERM', 'LANG', 'LANGUAGE', 'TZ', 'TMPDIR', 'TMP', 'TEMP'],
  ...['XDG_CACHE_HOME', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'MALLOC_ARENA_MAX'],
  ...['NODE_ENV', 'NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'GODEBUG'],
  ...['SystemRoot', 'SYSTEMROOT', 'windir', 'ComSpec', 'PATHEXT', 'APPDATA', 'LOCALAPPDATA', 'USERPROFILE'],
  // By which .ci/run finds what it left running.
  'SNAPKEEP_CI_RUN',
];

/** Returns the part of `env` that any program may see. */
export function programEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return pickEnv(env, (name) => PROGRAM.includes(name) || name.startsWith('LC_'));
}

/** Returns the variables of `env` whose names are wanted. */
export function pickEnv(env: NodeJS.ProcessEnv, isWanted: (name: string) => boolean): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => isWanted(name)));
}
