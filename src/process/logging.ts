import pino, { type Logger } from 'pino';

export type { Logger };

/** Names of fields whose values never reach a log line, wherever they stand. */
const SECRET_FIELDS = [
  'access_key_id',
  'secret_access_key',
  'security_token',
  'password',
  'authorization',
  'sealedSecrets',
];

/** JSON lines on standard error; standard output belongs to what a command prints for people and scripts. */
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
