import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { checkoutPath } from '../../packages/child-processes/src';
import { startProcess } from '../../scripts/lib/start-process';
import { freePorts } from './ports';

/** The keys of every server that {@link startS3Server} starts. */
export const S3_SECRETS = { accessKey: 'snapkeep', secretKey: 'snapkeep-secret' };

/** A running server, with the bucket `snapshots`. */
export interface S3Server {
  /** `http://127.0.0.1:<port>`. */
  readonly endpoint: string;
  stop(): Promise<void>;
}

const SCRIPT = checkoutPath('scripts', 'engines', 's3-server.mjs');

/** What this machine lacks to run an S3 server, as a sentence; undefined: it can run. */
export function missingForS3(): string | undefined {
  const told = execFileSync(process.execPath, [SCRIPT, '--check'], { encoding: 'utf8' });
  return (JSON.parse(told) as { missing?: string }).missing;
}

/** Starts versitygw on a free port, in a folder that goes with it. The first time it is built, which takes minutes. */
export async function startS3Server(): Promise<S3Server> {
  const binary = (await promisify(execFile)(process.execPath, [SCRIPT])).stdout.trim();
  const folder = mkdtempSync(join(tmpdir(), 'snapkeep-s3-'));
  const [root, sidecar] = [join(folder, 'buckets'), join(folder, 'sidecar')];
  mkdirSync(join(root, 'snapshots'), { recursive: true });
  mkdirSync(sidecar);
  const [port] = await freePorts(1);
  const endpoint = `http://127.0.0.1:${port}`;
  const keys = ['--access', S3_SECRETS.accessKey, '--secret', S3_SECRETS.secretKey];
  const options = ['--port', `127.0.0.1:${port}`, '--keep-alive', '--quiet', 'posix', '--sidecar', sidecar, root];
  const server = await startProcess(binary, [...keys, ...options], { name: 's3' });
  const deadline = Date.now() + 30_000;
  // Without a signature it answers 403, which shows that it serves.
  while ((await fetch(endpoint).catch(() => undefined)) === undefined) {
    if (server.ended() || Date.now() > deadline) {
      await server.kill();
      throw new Error(`the S3 server did not start:\n${server.output()}`);
    }
    await sleep(50);
  }
  return {
    endpoint,
    stop: async () => {
      await server.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
