import { type BlobStore } from '../../src/blobs/contract/blob-store';
import { newSnapshotUuid } from '../../src/repository/format/keys';
import { putList } from '../../src/snapshotting/job-notes';
import { changedShard, changedShards, type JobPlan, writePlan } from '../../src/snapshotting/job-plan';
import { NoteReader } from '../../src/snapshotting/note-reader';
import { MemoryBlobStore } from '../repository/support/memory-blob-store';
import { ShardModel } from '../repository/support/shard-model';
import { identityOf } from '../repository/support/shards';

const OPTIONS = { compress: true };

/** A store that keeps the keys that were read. */
class Watched extends MemoryBlobStore {
  readonly reads: string[] = [];

  override get(...[key, options]: Parameters<BlobStore['get']>): Promise<Buffer> {
    this.reads.push(key);
    return super.get(key, options);
  }
}

function planOf(snapshot: string): JobPlan {
  const model = new ShardModel();
  const shard = {
    kind: 'changed' as const,
    identity: identityOf(model),
    target: model.target,
    documents: 1,
    bytes: 1,
  };
  return {
    snapshot,
    uuid: newSnapshotUuid(),
    startMillis: 1,
    seenMillis: 1,
    cluster: { uuid: 'c', name: 'c', product: 'elasticsearch', version: '8.19.0' },
    pit: 'elasticsearch',
    includeGlobalState: false,
    indices: [{ name: 'logs', uuid: 'u', settings: '{}', mappings: '{}', aliases: '{}', shards: [shard] }],
  };
}

it('steps that read the same plan, also at the same time, read it from the store once', async () => {
  const store = new Watched();
  const notes = new NoteReader();
  const ref = await writePlan(store, planOf('s'), OPTIONS);
  const [one, other] = await Promise.all([notes.plan(store, ref), notes.plan(store, ref)]);
  const later = await notes.plan(store, ref);
  expect(store.reads).toEqual([ref.key]);
  expect(new Set([one, other, later]).size).toBe(1);
  expect(changedShard(one, 0)).toBe(changedShards(later)[0]);
});

it('notes of other kinds, and plans of other jobs, are told apart', async () => {
  const store = new Watched();
  const notes = new NoteReader();
  const [one, other] = [await writePlan(store, planOf('one'), OPTIONS), await writePlan(store, planOf('two'), OPTIONS)];
  const views = await putList(store, newSnapshotUuid(), 'views', [{ ordinal: 7 }], OPTIONS);
  expect((await notes.plan(store, one)).snapshot).toBe('one');
  expect((await notes.plan(store, other)).snapshot).toBe('two');
  expect(await notes.views(store, views)).toEqual([{ ordinal: 7 }]);
  expect(await notes.views(store, views)).toEqual([{ ordinal: 7 }]);
  expect(store.reads).toEqual([one.key, other.key, views.key]);
});

it('a step that gives up does not end the read that others wait for', async () => {
  const store = new Watched();
  const notes = new NoteReader();
  const ref = await writePlan(store, planOf('s'), OPTIONS);
  const cancelled = new AbortController();
  const first = notes.plan(store, ref, cancelled.signal);
  const second = notes.plan(store, ref);
  cancelled.abort(new Error('cancelled'));
  await expect(first).rejects.toThrow('cancelled');
  expect((await second).snapshot).toBe('s');
  expect(store.reads).toHaveLength(1);
});

it('a read that failed is made again', async () => {
  const store = new Watched();
  const notes = new NoteReader();
  const ref = await writePlan(store, planOf('s'), OPTIONS);
  await expect(notes.plan(new Watched(), ref)).rejects.toMatchObject({ code: 'blob_missing' });
  expect((await notes.plan(store, ref)).snapshot).toBe('s');
});

it('what is kept is bounded, and two notes are kept whatever their size', async () => {
  const store = new Watched();
  const notes = new NoteReader({ cacheBytes: 2 });
  const refs = [];
  for (const name of ['a', 'b', 'c']) refs.push(await writePlan(store, planOf(name), OPTIONS));
  const [a, b, c] = refs;
  for (const ref of [a, b, a, b, c, b, a]) await notes.plan(store, ref);
  expect(store.reads).toEqual([a.key, b.key, c.key, a.key]);
});
