/**
 * What is checked of metadata objects before they are used. Unknown fields pass, and stay: a root that is read and
 * written again keeps what a newer minor version added.
 */
import { z } from 'zod';

import { FORMAT_VERSION, Root, ShardManifest, SnapshotManifest } from './format';
import { isDataKey } from './keys';

const count = z.int().nonnegative();
const uuid = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
const runs = z.string();
const format = z.literal(FORMAT_VERSION);
const state = z.enum(['SUCCESS', 'PARTIAL', 'FAILED']);

const objectRef = z.looseObject({
  key: z.string().refine(isDataKey),
  length: count,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

const totals = z.looseObject({
  objects: count,
  bytes: count,
  addedObjects: count,
  addedBytes: count,
  documents: count,
});

export const rootSchema: z.ZodType<Root> = z.looseObject({
  format,
  generation: count,
  uuid: z.string(),
  indices: z.array(z.looseObject({ name: z.string(), uuid })),
  snapshots: z.array(
    z.looseObject({
      snapshot: z.string(),
      uuid,
      order: count,
      state,
      startMillis: count,
      endMillis: count,
      indices: runs,
      dataless: runs,
      shards: z.looseObject({ total: count, failed: count }),
      documents: count,
      bytes: count,
      addedBytes: count,
      version: z.string(),
      includeGlobalState: z.boolean(),
      metadata: z.string().optional(),
      manifest: objectRef,
    }),
  ),
  rolledBack: z.array(uuid),
});

export const snapshotManifestSchema: z.ZodType<SnapshotManifest> = z.looseObject({
  format,
  snapshot: z.string(),
  uuid,
  state,
  startMillis: count,
  endMillis: count,
  cluster: z.looseObject({ uuid: z.string(), name: z.string(), product: z.string(), version: z.string() }),
  metadata: z.string().optional(),
  includeGlobalState: z.boolean(),
  indices: z.array(
    z.looseObject({
      name: z.string(),
      uuid,
      settings: z.string(),
      mappings: z.string(),
      aliases: z.string(),
      shards: z.array(
        z
          .looseObject({
            manifest: objectRef,
            base: z.string().refine(isDataKey).optional(),
            historyUuid: z.string(),
            maxSeqNo: z.int().min(-1),
            sealedThrough: z.int().min(-1),
            session: z.string().optional(),
            totals,
            startMillis: count,
            millis: count,
          })
          .nullable(),
      ),
    }),
  ),
  failures: z.array(
    z.looseObject({ index: z.string(), indexUuid: z.string(), shard: count, reason: z.string(), status: z.string() }),
  ),
  totals,
});

export const shardManifestSchema: z.ZodType<ShardManifest> = z.looseObject({
  format,
  identity: z.looseObject({
    clusterUuid: z.string(),
    indexUuid: uuid,
    historyUuid: z.string(),
    shards: count,
    shard: count,
  }),
  maxSeqNo: z.int().min(-1),
  sealedThrough: z.int().min(-1),
  segments: z.array(
    z.looseObject({
      from: count,
      to: count,
      sealed: z.boolean(),
      codec: z.enum(['zstd', 'gzip', 'plain']),
      objects: z.array(objectRef),
      frames: z.array(z.looseObject({ length: count, rawLength: count, documents: count })),
      seqNos: runs,
      deleted: runs,
      stored: count,
      live: count,
      marks: z.array(z.string()).optional(),
    }),
  ),
});
