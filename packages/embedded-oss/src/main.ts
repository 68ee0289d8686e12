import { join } from 'node:path';
import { exitWithStarter } from '../../child-processes/src';
import { startEmbeddedOss } from './server';

const DEFAULT_SECRET = 'snapkeep-secret';

/**
 * The embedded OSS server as a process of its own. Prints `{"ready":true,"port":N}` once it listens; ends on SIGTERM
 * or SIGINT. Environment, all with SNAPKEEP_ in front: EMBEDDED_OSS_PORT (default 9402, 0 picks a free port), DATA_DIR
 * (default `.snapkeep`; objects lie in its folder `oss`), EMBEDDED_OSS_HOST (default 127.0.0.1),
 * EMBEDDED_OSS_ACCESS_KEY_ID and EMBEDDED_OSS_SECRET_ACCESS_KEY (default `snapkeep` and `snapkeep-secret`; who listens
 * beyond loopback needs a secret of their own), EMBEDDED_OSS_BUCKETS (comma-separated, default `snapshots`).
 */
async function main(): Promise<void> {
  // What is kept is for this user alone.
  process.umask(0o077);
  const port = Number(process.env.SNAPKEEP_EMBEDDED_OSS_PORT ?? 9402);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error('SNAPKEEP_EMBEDDED_OSS_PORT must be a port from 0 to 65535');
  }
  const dataDir = join(process.env.SNAPKEEP_DATA_DIR ?? '.snapkeep', 'oss');
  const host = process.env.SNAPKEEP_EMBEDDED_OSS_HOST || '127.0.0.1';
  const secretAccessKey = process.env.SNAPKEEP_EMBEDDED_OSS_SECRET_ACCESS_KEY || DEFAULT_SECRET;
  if (secretAccessKey === DEFAULT_SECRET && !/^(127\.|localhost$|::1$)/.test(host)) {
    throw new Error(
      `listening on ${host} needs SNAPKEEP_EMBEDDED_OSS_SECRET_ACCESS_KEY: everybody knows the default one`,
    );
  }
  const buckets = (process.env.SNAPKEEP_EMBEDDED_OSS_BUCKETS || 'snapshots')
    .split(',')
    .map((name) => ({ name: name.trim() }));
  const server = await startEmbeddedOss({
    dataDir,
    port,
    host,
    accessKeyId: process.env.SNAPKEEP_EMBEDDED_OSS_ACCESS_KEY_ID || undefined,
    secretAccessKey,
    buckets,
  });
  const stop = (): void => {
    server.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  exitWithStarter(stop);
  process.stdout.write(`${JSON.stringify({ ready: true, port: server.port })}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(
    `the embedded OSS server cannot start: ${error instanceof Error ? error.message : String(error)}\n`,
  );
  process.exit(1);
});
