import { type Cluster } from '../../src/cluster/cluster';
import { CodecPool } from '../../src/documents/codec-pool';
import { type OpenRepository } from '../../src/registrations/open-repositories';
import { Catalogue } from '../../src/repository/catalogue/catalogue';
import { newSnapshotUuid } from '../../src/repository/format/keys';
import { type ChunkCursor, copyChunk } from '../../src/snapshotting/copy-chunk';
import { readLists } from '../../src/snapshotting/job-notes';
import { type ChangedShard } from '../../src/snapshotting/job-plan';
import { NoteReader } from '../../src/snapshotting/note-reader';
import { type SnapshotCopy } from '../../src/snapshotting/shard-copying';
import { MemoryBlobStore } from '../repository/support/memory-blob-store';
import { ShardModel } from '../repository/support/shard-model';
import { identityOf } from '../repository/support/shards';

const pool = new CodecPool(1);
afterAll(() => pool.close());

it('a chunk whose attempts left several notes returns one that lists all segments, in order', async () => {
  const model = new ShardModel();
  for (let i = 0; i < 30; i++) model.put(`${i}`, `{"n":${i}}`);
  const { target, session } = model;
  const store = new MemoryBlobStore();
  const copy: SnapshotCopy = {
    cluster: {} as Cluster,
    reader: model,
    pool,
    repository: {
      store,
      catalogue: new Catalogue(store),
      write: { compress: true, chunkSizeBytes: 1024 ** 2, readonly: false },
    } as unknown as OpenRepository,
    notes: new NoteReader(),
    uuid: newSnapshotUuid(),
    signal: new AbortController().signal,
  };
  const shard: ChangedShard = {
    ordinal: 0,
    index: { name: 'logs', uuid: model.indexUuid, settings: '{}', mappings: '{}', aliases: '{}', shards: [] },
    shard: 0,
    plan: { kind: 'changed', identity: identityOf(model), target, session, documents: 30, bytes: 300 },
  };
  const copied = (from: number, to: number, cursor?: ChunkCursor) =>
    copyChunk(copy, shard, { from, to, documents: to - from }, undefined, {
      cursor,
      onNoted: () => undefined,
      onProgress: () => undefined,
    });
  const first = await copied(0, 10);
  const second = await copied(10, 20);
  const done = { documents: 20, objects: 2, bytes: first.bytes + second.bytes };
  const result = await copied(0, 30, { next: 20, parts: [...first.parts, ...second.parts], done });
  expect(first.parts).toHaveLength(1);
  expect(result.parts).toHaveLength(1);
  expect(result.documents).toBe(30);
  const segments = await readLists(store, 'segments', result.parts, {});
  expect(segments.map(({ from, to }) => [from, to])).toEqual([
    [0, 10],
    [10, 20],
    [20, 30],
  ]);
  const nothing = await copied(100, 200);
  expect(nothing).toMatchObject({ parts: [], documents: 0 });
});
