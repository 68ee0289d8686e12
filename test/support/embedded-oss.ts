import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedOss, type EmbeddedOssOptions, startEmbeddedOss } from '../../packages/embedded-oss/src/server';

/** The access key of every embedded OSS that is not told another. */
export const OSS_SECRETS = { accessKeyId: 'snapkeep', secretAccessKey: 'snapkeep-secret' };

/** An embedded OSS in a folder of its own on a free port; `stop` ends it and removes the folder. */
export async function startTestOss(
  options: Partial<EmbeddedOssOptions> = {},
): Promise<EmbeddedOss & { dataDir: string; stop: () => Promise<void> }> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'snapkeep-oss-')));
  const server = await startEmbeddedOss({ dataDir, port: 0, ...options });
  const stop = async (): Promise<void> => {
    await server.close();
    await rm(dataDir, { recursive: true, force: true });
  };
  return { ...server, dataDir, stop };
}
