/**
 * Schemas that check metadata objects before they are used: every number, name and text, and that they agree with each
 * other. An object that passes makes no reader take more memory than its own size explains. Unknown fields pass and are
 * kept: a root that is read and written again keeps what a newer minor version added.
 */
import { z } from 'zod';
import { MAX_SEQ_NO } from '../../contracts/seq-no';
import { isIndexName, isRawObject, isSnapshotName, isStrictObject } from './check-text';
import {
  FORMAT_VERSION,
  type IndexEntry,
  type Root,
  type RootEntry,
  type Segment,
  segmentObjects,
  type ShardManifest,
  type SnapshotManifest,
  type StoredSnapshot,
} from './format';
import { globalStateName, isDataKey, isManifestKey, isShardManifestKey, shardFolderOf, writerOf } from './keys';
import {
  DOCUMENT_MAX_BYTES,
  DOCUMENT_MIN_BYTES,
  FRAME_MAX_BYTES,
  MAX_GENERATION,
  MAX_MILLIS,
  MAX_SHARDS,
  METADATA_MAX_BYTES,
  OBJECT_MAX_BYTES,
  SEGMENT_MAX_BYTES,
  USER_METADATA_MAX_BYTES,
} from './limits';
import { BUCKET, decodeBuckets } from './number-buckets';
import { measureRuns } from './number-runs';
import { unshareMappings } from './shared-mappings';

const count = z.int().nonnegative();
const millis = count.max(MAX_MILLIS);
const seqNo = z.int().min(-1).max(MAX_SEQ_NO);
const uuid = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
const runs = z.string();
/** A sequence number, and the mark of its document. */
const MARK = /^(?:0|[1-9]\d{0,15}):[A-Za-z0-9_-]{1,64}$/;
const format = z.literal(FORMAT_VERSION);
const state = z.enum(['SUCCESS', 'PARTIAL', 'FAILED']);
const label = z.string().max(1000);
const indexName = z.string().refine(isIndexName, 'no name of an index');
const snapshotName = z.string().refine(isSnapshotName, 'no name of a snapshot');
const rawObject = z.string().refine(isRawObject, 'not one JSON object');
const userMetadata = z.string().max(USER_METADATA_MAX_BYTES).refine(isStrictObject, 'not one JSON object').optional();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const dataRef = z.looseObject({
  key: z.string().refine(isDataKey, 'no key of this format'),
  length: count.max(OBJECT_MAX_BYTES),
  sha256,
});
const manifestRef = z.looseObject({
  key: z.string().refine(isManifestKey, 'no key of a snapshot manifest'),
  length: count.max(METADATA_MAX_BYTES),
  sha256,
});
const stateKey = z.string().refine((key) => globalStateName(key) !== undefined, 'no key of a global state');
const stateRef = z
  .looseObject({ key: stateKey, length: count.max(METADATA_MAX_BYTES), sha256 })
  .refine((ref) => ref.key.includes(ref.sha256), 'not the key of these bytes');
const shardManifestKey = z.string().refine(isShardManifestKey, 'no key of a shard manifest');
const shardManifestRef = z.looseObject({ key: shardManifestKey, length: count.max(METADATA_MAX_BYTES), sha256 });

const timeSpan = z.looseObject({ fromMillis: millis, toMillis: millis });

const totals = z.looseObject({
  objects: count,
  bytes: count,
  addedObjects: count,
  addedBytes: count,
  documents: count,
});

/** Reports what is wrong with a part of an object, at a path in it. */
type Complain = (path: readonly (string | number)[], message: string) => void;

/** Runs a check over a whole object after its parts passed theirs. */
function agreeing<T>(check: (value: T, complain: Complain) => void): (context: z.core.ParsePayload<T>) => void {
  return ({ value, issues }) => {
    const complain: Complain = (path, message) => {
      issues.push({ code: 'custom', input: undefined, path: [...path], message });
    };
    check(value, complain);
  };
}

function checkUnique(values: Iterable<string>, complain: (at: number, message: string) => void): void {
  const seen = new Set<string>();
  let at = 0;
  for (const value of values) {
    if (seen.has(value)) complain(at, `[${value}] stands there twice`);
    seen.add(value);
    at++;
  }
}

const listed = {
  snapshot: snapshotName,
  uuid,
  order: count,
  indices: runs,
  dataless: runs,
  globalState: stateKey.optional(),
  manifest: manifestRef,
};

/** Checks a root. */
export const rootSchema: z.ZodType<Root> = z
  .looseObject({
    format,
    generation: z.int().min(1).max(MAX_GENERATION),
    uuid,
    indices: z.array(z.looseObject({ name: indexName, uuid })),
    snapshots: z.array(
      z.looseObject({
        ...listed,
        state,
        startMillis: millis,
        endMillis: millis,
        shards: z.looseObject({ total: count, failed: count }),
        documents: count,
        bytes: count,
        addedBytes: count,
        version: label,
        includeGlobalState: z.boolean(),
        metadata: userMetadata,
        dataStreams: z.array(indexName).optional(),
      }),
    ),
    removed: z
      .array(
        z.looseObject({
          ...listed,
          removedMillis: millis,
          removedGeneration: z.int().min(1).max(MAX_GENERATION),
          sweeping: z.boolean(),
        }),
      )
      .default([]),
    rolledBack: z.array(uuid),
    building: z.array(z.looseObject({ uuid, reads: z.array(uuid), sinceMillis: millis })).default([]),
    swept: z.array(uuid).default([]),
  })
  .check(agreeing(checkRoot));

function checkRoot(root: Root, complain: Complain): void {
  const { indices, snapshots, removed, generation } = root;
  checkUnique(
    indices.map((index) => index.uuid),
    (i, message) => complain(['indices', i, 'uuid'], message),
  );
  checkUnique(
    snapshots.map((entry) => entry.snapshot),
    (i, message) => complain(['snapshots', i, 'snapshot'], message),
  );
  checkUnique(
    [...snapshots, ...removed].map((entry) => entry.uuid),
    (i, message) =>
      complain(i < snapshots.length ? ['snapshots', i, 'uuid'] : ['removed', i - snapshots.length, 'uuid'], message),
  );
  const checkEntries = (list: 'snapshots' | 'removed', entries: readonly Listed[]): void => {
    for (const [i, entry] of entries.entries()) {
      const at = (field: string, message: string): void => complain([list, i, field], message);
      for (const field of ['indices', 'dataless'] as const) {
        const { end, repeats } = measureRuns(entry[field]);
        if (!(end <= indices.length) || repeats) at(field, 'no ordinals of the root’s indices');
      }
      if (writerOf(entry.manifest.key) !== entry.uuid) at('manifest', 'not under the snapshot’s own prefix');
      if (entry.order < 1 || entry.order > generation) at('order', 'no generation up to this one');
      if (entry.order < (entries[i - 1]?.order ?? 0)) at('order', 'less than that of the entry before');
    }
  };
  checkEntries('snapshots', snapshots);
  checkEntries('removed', removed);
  for (const [i, { shards }] of snapshots.entries()) {
    if (shards.failed > shards.total) complain(['snapshots', i, 'shards'], 'more failed than there are');
  }
}

type Listed = Pick<RootEntry, 'uuid' | 'order' | 'indices' | 'dataless' | 'manifest'>;

/** Checks a snapshot manifest, and puts shared mappings back into its indices. */
export const snapshotManifestSchema: z.ZodType<SnapshotManifest> = z
  .looseObject({
    format,
    snapshot: snapshotName,
    uuid,
    state,
    startMillis: millis,
    endMillis: millis,
    cluster: z.looseObject({ uuid: label, name: label, product: label, version: label }),
    metadata: userMetadata,
    includeGlobalState: z.boolean(),
    globalState: stateRef.optional(),
    dataStreams: z
      .array(
        z.looseObject({
          name: indexName,
          timestampField: label,
          generation: count,
          indices: z.array(indexName),
          template: label.optional(),
          hidden: z.boolean().optional(),
          system: z.boolean().optional(),
          allowCustomRouting: z.boolean().optional(),
          meta: rawObject.optional(),
        }),
      )
      .optional(),
    mappings: z.array(rawObject),
    indices: z.array(
      z.looseObject({
        name: indexName,
        uuid,
        settings: rawObject,
        mapping: count,
        aliases: rawObject,
        shards: z
          .array(
            z
              .looseObject({
                manifest: shardManifestRef,
                base: shardManifestKey.optional(),
                historyUuid: label,
                maxSeqNo: seqNo,
                sealedThrough: seqNo,
                session: label.optional(),
                shown: timeSpan.optional(),
                sharesNumbers: z.boolean().optional(),
                totals,
                startMillis: millis,
                millis,
              })
              .nullable(),
          )
          .max(MAX_SHARDS),
      }),
    ),
    failures: z.array(
      z.looseObject({ index: z.string(), indexUuid: z.string(), shard: count, reason: z.string(), status: z.string() }),
    ),
    totals,
  })
  .check(agreeing(checkSnapshot))
  .transform(({ mappings, indices, ...snapshot }) => ({
    ...snapshot,
    indices: unshareMappings<IndexEntry>({ mappings, indices }),
  }));

function checkSnapshot({ mappings, indices, dataStreams = [] }: StoredSnapshot, complain: Complain): void {
  const names = new Set(indices.map(({ name }) => name));
  checkUnique(
    dataStreams.map(({ name }) => name),
    (i, message) => complain(['dataStreams', i, 'name'], message),
  );
  for (const [i, stream] of dataStreams.entries()) {
    if (stream.indices.some((name) => !names.has(name)))
      complain(['dataStreams', i, 'indices'], 'no indices of its own');
  }
  for (const field of ['name', 'uuid'] as const) {
    checkUnique(
      indices.map((index) => index[field]),
      (i, message) => complain(['indices', i, field], message),
    );
  }
  for (const [i, index] of indices.entries()) {
    if (index.mapping >= mappings.length) complain(['indices', i, 'mapping'], 'no ordinal of the mappings');
    for (const [shard, entry] of index.shards.entries()) {
      if (entry === null) continue;
      const at = ['indices', i, 'shards', shard];
      const isHere = (key: string): boolean => shardFolderOf(key) === `${index.uuid}/${shard}`;
      if (!isHere(entry.manifest.key)) complain([...at, 'manifest'], 'a manifest of another shard');
      if (entry.base !== undefined && !isHere(entry.base)) complain([...at, 'base'], 'a manifest of another shard');
      const { shown } = entry;
      if (shown !== undefined && shown.fromMillis > shown.toMillis) complain([...at, 'shown'], 'ends before it begins');
    }
  }
}

const segmentSchema: z.ZodType<Segment> = z
  .looseObject({
    from: count,
    to: count.max(MAX_SEQ_NO),
    sealed: z.boolean(),
    codec: z.enum(['zstd', 'gzip', 'plain']),
    objects: z.array(dataRef),
    frames: z.array(
      z.looseObject({
        length: count.max(OBJECT_MAX_BYTES),
        rawLength: count.max(DOCUMENT_MAX_BYTES),
        documents: z.int().min(1),
      }),
    ),
    seqNos: z.array(runs).optional(),
    numbers: z.looseObject({ object: dataRef, buckets: z.string() }).optional(),
    deleted: runs,
    stored: count,
    live: count,
    marks: z.array(z.string().regex(MARK)).max(100).optional(),
  })
  .check(agreeing(checkSegment));

function checkSegment(segment: Segment, complain: Complain): void {
  const { from, to, objects, frames, stored, live } = segment;
  if (from >= to) complain(['to'], 'not above [from]');
  for (const [i, { rawLength, documents }] of frames.entries()) {
    if (documents > 1 && rawLength > FRAME_MAX_BYTES) complain(['frames', i, 'rawLength'], 'too large for a frame');
    if (rawLength < documents * DOCUMENT_MIN_BYTES) {
      complain(['frames', i, 'documents'], 'more than its bytes can hold');
    }
  }
  const sumOf = <F extends string>(list: readonly Record<F, number>[], field: F): number =>
    list.reduce((sum, one) => sum + one[field], 0);
  if (sumOf(frames, 'length') !== sumOf(objects, 'length')) {
    complain(['frames'], 'not as many bytes as the objects have');
  }
  if (sumOf(frames, 'length') > OBJECT_MAX_BYTES) complain(['frames'], 'too many bytes for a segment');
  if (sumOf(frames, 'rawLength') > SEGMENT_MAX_BYTES) complain(['frames'], 'too many bytes for a segment');
  if (sumOf(frames, 'documents') !== stored) complain(['stored'], 'not as many documents as the frames hold');
  if (live > stored) complain(['live'], 'more documents than are stored');
  checkNumbers(segment, complain);
  const deleted = measureRuns(segment.deleted);
  if (deleted.count !== stored - live) complain(['deleted'], 'not as many numbers as documents are deleted');
  if (deleted.count > 0 && !(deleted.start >= from && deleted.end <= to)) complain(['deleted'], 'not within the range');
}

/** Checks the numbers of a segment against its frames, as far as they stand in the manifest. */
function checkNumbers({ from, to, frames, stored, seqNos, numbers }: Segment, complain: Complain): void {
  if ((seqNos === undefined) === (numbers === undefined)) complain(['seqNos'], 'given twice or not at all');
  if (seqNos !== undefined && seqNos.length !== frames.length) complain(['seqNos'], 'not one list per frame');
  for (const [i, list] of (seqNos ?? []).entries()) {
    const { count: length, start, end } = measureRuns(list);
    if (length !== frames[i]?.documents) complain(['seqNos', i], 'not as many numbers as documents are stored');
    if (!(start >= from && end <= to)) complain(['seqNos', i], 'not within the range');
  }
  if (numbers === undefined) return;
  try {
    const counts = [...decodeBuckets(numbers.buckets)];
    if (counts.reduce((sum, [, one]) => sum + one, 0) !== stored) {
      complain(['numbers', 'buckets'], 'not as many numbers as documents are stored');
    }
    if (!(counts[0]![0] >= Math.floor(from / BUCKET) && counts.at(-1)![0] * BUCKET < to)) {
      complain(['numbers', 'buckets'], 'not within the range');
    }
  } catch {
    complain(['numbers', 'buckets'], 'no counts of buckets');
  }
}

/** Checks a shard manifest. */
export const shardManifestSchema: z.ZodType<ShardManifest> = z
  .looseObject({
    format,
    identity: z.looseObject({
      clusterUuid: label,
      indexUuid: uuid,
      historyUuid: label,
      shards: z.int().min(1).max(MAX_SHARDS),
      shard: count,
    }),
    maxSeqNo: seqNo,
    sealedThrough: seqNo,
    segments: z.array(segmentSchema),
  })
  .check(agreeing(checkShard));

function checkShard({ identity, sealedThrough, segments }: ShardManifest, complain: Complain): void {
  if (identity.shard >= identity.shards) complain(['identity', 'shard'], 'no shard of the index');
  const folder = `${identity.indexUuid}/${identity.shard}`;
  for (const [i, segment] of segments.entries()) {
    const { from, to, sealed, live } = segment;
    const at = (field: string, message: string): void => complain(['segments', i, field], message);
    const before = segments[i - 1];
    if (before !== undefined && from < before.from) at('from', 'below that of the segment before');
    if (before !== undefined && sealed && !before.sealed) at('sealed', 'behind a segment that is not');
    if (sealed && to > sealedThrough + 1) at('sealed', 'above what is sealed');
    if (!sealed && from <= sealedThrough) at('sealed', 'not above what is sealed');
    if (live < 1) at('live', 'no document is left');
    if (segmentObjects(segment).some(({ key }) => shardFolderOf(key) !== folder)) {
      at('objects', 'an object of another shard');
    }
  }
  checkUnique(
    segments.flatMap((segment) => segmentObjects(segment).map(({ key }) => key)),
    (_, message) => complain(['segments'], message),
  );
}
