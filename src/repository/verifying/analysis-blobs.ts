/** The blobs of an analysis: keys, sizes and contents, the same in every process for the same plan. */
import { createCipheriv, createHash } from 'node:crypto';
import { type AnalysisBlobs } from '../../contracts/jobs/analysis';
import { verifyKey } from '../format/keys';

/** Bytes of the keystream that is repeated in larger blobs. */
const PATTERN_BYTES = 1024 * 1024;

/** Returns the prefix of all keys of the analysis. */
export function analysisPrefix({ token }: Pick<AnalysisBlobs, 'token'>): string {
  return verifyKey(`${token}-`);
}

/** Returns the key of a blob. */
export function blobKey({ token }: Pick<AnalysisBlobs, 'token'>, blob: number): string {
  return verifyKey(`${token}-blob-${blob}`);
}

/** Returns a key for which all workers compete. */
export function contendedKey({ token }: Pick<AnalysisBlobs, 'token'>, key: number): string {
  return verifyKey(`${token}-contended-${key}`);
}

/**
 * Returns the size of each blob, in bytes: from 1 to `maxSize`, small and large ones alike often by order of magnitude,
 * one of `maxSize`; all together at most `maxTotalSize`, which must not be less than `count`.
 */
export function blobSizes({ seed, count, maxSize, maxTotalSize }: AnalysisBlobs): number[] {
  let left = maxTotalSize;
  return Array.from({ length: count }, (_, blob) => {
    const fraction = blob === 0 ? 1 : hash(`${seed} size ${blob}`).readUInt32BE(0) / 2 ** 32;
    const wanted = Math.max(1, Math.floor(maxSize ** fraction));
    const size = Math.min(wanted, left - (count - blob - 1));
    left -= size;
    return size;
  });
}

/** Returns the content of a blob of `size` bytes; incompressible. */
export function blobContent({ seed }: Pick<AnalysisBlobs, 'seed'>, blob: number, size: number): Buffer {
  const cipher = createCipheriv('aes-256-ctr', hash(`${seed} blob ${blob}`), Buffer.alloc(16));
  const pattern = cipher.update(Buffer.alloc(Math.min(size, PATTERN_BYTES)));
  return size === pattern.length ? pattern : Buffer.alloc(size, pattern);
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
