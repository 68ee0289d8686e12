/**
 * Calls `stop` when the process that started this one ends, however it does, if that process holds the other end of
 * standard input (SNAPKEEP_EXIT_WITH_STARTER is `true` then).
 */
export function exitWithStarter(stop: () => void): void {
  if (process.env.SNAPKEEP_EXIT_WITH_STARTER !== 'true') return;
  process.stdin.on('end', stop).on('error', stop).resume();
}
