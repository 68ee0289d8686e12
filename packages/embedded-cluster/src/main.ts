import { join } from 'node:path';
import { exitWithStarter } from '../../child-processes/src';
import { startEmbeddedCluster } from './index';

/**
 * The embedded cluster as a process of its own: prints `{"ready":true,"port":N}` once it listens, ends on SIGTERM or
 * SIGINT. Killed at any moment, it goes on from its data dir.
 */
async function main(): Promise<void> {
  // What is kept is for this user alone.
  process.umask(0o077);
  const port = Number(process.env['SNAPKEEP_EMBEDDED_CLUSTER_PORT'] ?? 9401);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`SNAPKEEP_EMBEDDED_CLUSTER_PORT is not a port: ${process.env['SNAPKEEP_EMBEDDED_CLUSTER_PORT']}`);
  }
  const dataDir = join(process.env['SNAPKEEP_DATA_DIR'] ?? '.snapkeep', 'cluster');
  const cluster = await startEmbeddedCluster({ dataDir, port });
  process.stdout.write(`${JSON.stringify({ ready: true, port: cluster.port })}\n`);
  const stop = (): void => {
    cluster.close().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`embedded cluster: ${String(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  exitWithStarter(stop);
}

main().catch((error: unknown) => {
  process.stderr.write(`embedded cluster: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
