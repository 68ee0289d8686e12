/** Segments that a chunk has finished, kept as notes of the job until the shard is settled. */
import { z } from 'zod';
import { type BlobCallOptions, type BlobStore } from '../blobs/contract/blob-store';
import { type ObjectRef } from '../contracts/stored';
import { type Segment } from '../repository/format/format';
import { jobNoteName, newAttempt } from '../repository/format/keys';
import { getMetadata, putMetadata } from '../repository/format/metadata';

const schema = z.object({ segments: z.custom<Segment[]>((value) => Array.isArray(value)) });

export function keepPart(
  store: BlobStore,
  uuid: string,
  segments: readonly Segment[],
  options: BlobCallOptions & { compress: boolean },
): Promise<ObjectRef> {
  return putMetadata(store, jobNoteName(uuid, 'segments', newAttempt()), { segments }, options);
}

export async function readParts(
  store: BlobStore,
  parts: readonly ObjectRef[],
  options: BlobCallOptions,
): Promise<Segment[]> {
  const segments: Segment[] = [];
  for (const part of parts) segments.push(...(await getMetadata(store, part, schema, options)).segments);
  return segments;
}
