/**
 * Where whoever started this process holds the other end of its standard input (SNAPKEEP_EXIT_WITH_STARTER is `true`
 * then), the end of that process, however it came, is the end of this one: `stop` is called.
 */
export function exitWithStarter(stop: () => void): void {
  if (process.env.SNAPKEEP_EXIT_WITH_STARTER !== 'true') return;
  process.stdin.on('end', stop).on('error', stop).resume();
}
