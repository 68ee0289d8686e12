import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type z } from 'zod';
import { ordinals } from '../../src/repository/catalogue/root';
import { globalStateSchema } from '../../src/repository/format/global-state';
import { parseMetadata } from '../../src/repository/format/metadata';
import { decodeRuns } from '../../src/repository/format/number-runs';
import { rootSchema, shardManifestSchema, snapshotManifestSchema } from '../../src/repository/format/schemas';

/** The examples of FORMAT.md are objects that this release reads, and fit together. */

let examples: Buffer[];

beforeAll(async () => {
  const text = await readFile(join(__dirname, '../../src/repository/FORMAT.md'), 'utf8');
  examples = [...text.matchAll(/```json\n(.*?)```/gs)].map((match) => Buffer.from(match[1]));
});

function example<T>(i: number, schema: z.ZodType<T>): T {
  return parseMetadata(`example ${i}`, examples[i], schema);
}

test('there is one example of each metadata object', () => {
  expect(examples).toHaveLength(4);
});

test('the examples refer to each other', () => {
  const root = example(0, rootSchema);
  const snapshot = example(1, snapshotManifestSchema);
  const state = example(2, globalStateSchema);
  const shard = example(3, shardManifestSchema);
  const entry = root.snapshots[1];
  const held = snapshot.indices[0].shards[0];
  expect(entry).toMatchObject({ snapshot: snapshot.snapshot, uuid: snapshot.uuid, metadata: snapshot.metadata });
  expect(entry.globalState).toBe(snapshot.globalState?.key);
  expect(Object.keys(state.parts)).toHaveLength(3);
  expect(Array.from(ordinals(entry.indices), (i) => root.indices[i])).toEqual([
    { name: 'logs', uuid: snapshot.indices[0].uuid },
  ]);
  expect(held).toMatchObject({ maxSeqNo: shard.maxSeqNo, sealedThrough: shard.sealedThrough });
  expect(shard.identity).toMatchObject({ clusterUuid: snapshot.cluster.uuid, indexUuid: snapshot.indices[0].uuid });
  for (const { seqNos, deleted, stored, live, frames, objects } of shard.segments) {
    expect(seqNos?.map((list, i) => decodeRuns(list, frames[i].documents)).flatMap((list) => [...list])).toHaveLength(
      stored,
    );
    expect(decodeRuns(deleted, stored - live)).toHaveLength(stored - live);
    expect(frames.reduce((sum, frame) => sum + frame.documents, 0)).toBe(stored);
    expect(frames.reduce((sum, frame) => sum + frame.length, 0)).toBe(objects[0].length);
  }
  expect(shard.segments.reduce((sum, { live }) => sum + live, 0)).toBe(entry.documents);
});
