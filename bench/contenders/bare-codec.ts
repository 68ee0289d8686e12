import { compressFrame } from '../../src/documents/codec';
import { type Reading } from '../support/results';

/** Who only compresses the documents: the least that storing them costs, and a measure of how fast the machine is. */
export const BARE_CODEC = 'zstd alone';

/** Compresses the bodies by zstd, one after the other, and returns what that took this process. */
export function compressBare(bodies: readonly Buffer[]): Reading {
  const [began, before] = [performance.now(), process.cpuUsage()];
  let bytes = 0;
  for (const body of bodies) bytes += compressFrame('zstd', body).length;
  const { user, system } = process.cpuUsage(before);
  return { ms: performance.now() - began, bytes, workerSeconds: (user + system) / 1e6 };
}
