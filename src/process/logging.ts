import pino, { type Logger } from 'pino';
import { SECRET_SETTINGS } from '../blobs/registry';

export type { Logger };

/** Names of fields whose values are hidden in log lines, at the top or up to two objects deep. */
const SECRET_FIELDS = [...SECRET_SETTINGS, 'password', 'authorization', 'sealedSecrets'];

/**
 * Creates a logger that writes JSON lines to standard error. Standard output is left to the commands, which print for
 * people and scripts.
 */
export function createLogger(level: string, role: string): Logger {
  return pino(
    {
      level,
      base: { role },
      redact: { paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[hidden]' },
    },
    pino.destination(2),
  );
}
