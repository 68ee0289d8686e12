import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signedRequest } from '../../packages/embedded-oss/test/signed-request';
import { type BlobStore } from '../../src/blobs/contract/blob-store';
import { FsBlobStore } from '../../src/blobs/fs/fs-blob-store';
import { OssBlobStore } from '../../src/blobs/oss/oss-blob-store';
import { CodecPool } from '../../src/documents/codec-pool';
import { Catalogue } from '../../src/repository/catalogue/catalogue';
import { commitFailedSnapshot } from '../../src/repository/committing/commit-failed-snapshot';
import { commitSnapshot } from '../../src/repository/committing/commit-snapshot';
import { cleanupRepository, rollbackSnapshot } from '../../src/repository/deletion/orphans';
import { type SnapshotManifest } from '../../src/repository/format/format';
import { newSnapshotUuid, parseRootKey } from '../../src/repository/format/keys';
import { copySmallShard } from '../../src/repository/segments/settle-shard';
import { OSS_SECRETS, startTestOss } from '../support/embedded-oss';
import { MemoryBlobStore } from './support/memory-blob-store';
import { ShardModel } from './support/shard-model';
import { deleteSnapshots, manifestWith, restored, settling, takeSnapshot } from './support/shards';

/** The put of a root is held on its way to the store, and arrives when its sender has long given up. */

interface Place {
  readonly store: BlobStore;
  /** A put-if-absent that arrives when `held` resolves: how it was answered. */
  late(key: string, body: Buffer, held: Promise<void>): Promise<'stored' | 'refused'>;
  close(): Promise<void>;
}

function outcome(put: Promise<void>): Promise<'stored' | 'refused'> {
  return put.then(
    () => 'stored' as const,
    (error: { code: string }) => {
      expect(error.code).toBe('blob_exists');
      return 'refused' as const;
    },
  );
}

const PLACES: Record<string, () => Promise<Place>> = {
  'in memory': async () => {
    const store = new MemoryBlobStore();
    return {
      store,
      late: (key, body, held) => outcome(held.then(() => store.putIfAbsent(key, body))),
      close: async () => {},
    };
  },
  'in a folder': async () => {
    const folder = await mkdtemp(join(tmpdir(), 'snapkeep-late-'));
    const store = new FsBlobStore(folder);
    return {
      store,
      late: (key, body, held) => outcome(held.then(() => store.putIfAbsent(key, body))),
      close: () => rm(folder, { recursive: true, force: true }),
    };
  },
  'in a bucket that has the request but for its last byte': async () => {
    const oss = await startTestOss();
    const settings = { endpoint: oss.endpoint, bucket: 'snapshots', basePath: '' };
    const store = new OssBlobStore(settings, OSS_SECRETS);
    return {
      store,
      late: async (key, body, held) => {
        const headers = { 'x-oss-forbid-overwrite': 'true' };
        const { status } = await signedRequest(oss.port, 'PUT', `/snapshots/${key}`, key, { headers, body, held });
        expect([200, 409]).toContain(status);
        return status === 200 ? 'stored' : 'refused';
      },
      close: async () => {
        await store.close();
        await oss.stop();
      },
    };
  },
};

describe.each(Object.keys(PLACES))('%s', (name) => {
  const pool = new CodecPool(1);
  let place: Place;
  let store: BlobStore;
  let shard: ShardModel;
  let release: () => void;
  let held: Promise<void>;

  beforeEach(async () => {
    place = await PLACES[name]();
    ({ store } = place);
    shard = new ShardModel();
    held = new Promise((resolve) => {
      release = resolve;
    });
  });

  afterEach(() => place.close());

  function fresh(): Catalogue {
    return new Catalogue(store);
  }

  async function names(): Promise<string[]> {
    return (await fresh().readRoot()).snapshots.map(({ snapshot }) => snapshot);
  }

  async function takes(snapshot: string): Promise<void> {
    shard.put(snapshot, '{}');
    await takeSnapshot({ store, catalogue: fresh(), pool }, snapshot, [shard]);
  }

  /** A snapshot that has copied all it needs, and whose sender dies with the put of the root on its way. */
  async function dyingCommit(): Promise<{ manifest: SnapshotManifest; arrives: Promise<'stored' | 'refused'> }> {
    const uuid = newSnapshotUuid();
    shard.put(`of-${uuid}`, '{}');
    const entry = await copySmallShard(await settling({ store, catalogue: fresh(), pool }, shard, uuid));
    const manifest = manifestWith('cancelled', uuid, [{ shard, entry }]);
    let arrives: Promise<'stored' | 'refused'> | undefined;
    const sender = new Proxy(store, {
      get(target, property) {
        const value: unknown = Reflect.get(target, property);
        if (property !== 'putIfAbsent') return typeof value === 'function' ? value.bind(target) : value;
        return (key: string, body: Buffer) => {
          arrives = place.late(key, body, held);
          throw new Error('dead');
        };
      },
    });
    await expect(commitSnapshot(new Catalogue(sender), manifest, { compress: true })).rejects.toThrow('dead');
    return { manifest, arrives: arrives! };
  }

  async function expectUsable(): Promise<void> {
    shard.put('later', '{}');
    await takes('afterwards');
    const root = await fresh().readRoot();
    for (const entry of root.snapshots) {
      const catalogue = fresh();
      const { indices } = await catalogue.readSnapshotManifest(entry.manifest);
      for (const held of indices[0].shards) if (held) await restored({ store, catalogue, pool }, held);
    }
  }

  test.each([0, 1, 5])('changes nothing after a roll-back, with %d snapshots before', async (before) => {
    for (let i = 0; i < before; i++) await takes(`before-${i}`);
    const listed = await names();
    const { manifest, arrives } = await dyingCommit();
    expect(await rollbackSnapshot(fresh(), manifest.uuid)).toMatchObject({ committed: false, objects: 3 });
    release();
    expect(await arrives).toBe('refused');
    expect(await names()).toEqual(listed);
    await expect(commitSnapshot(fresh(), manifest, { compress: true })).rejects.toMatchObject({
      code: 'concurrent_snapshot_execution_exception',
    });
    await expectUsable();
  });

  test('that arrives before the roll-back commits the snapshot, and nothing is deleted', async () => {
    const { manifest, arrives } = await dyingCommit();
    release();
    expect(await arrives).toBe('stored');
    expect(await rollbackSnapshot(fresh(), manifest.uuid)).toEqual({ committed: true, objects: 0, bytes: 0 });
    expect(await names()).toEqual(['cancelled']);
    await expectUsable();
  });

  test('lies below the present root where its generation had come and gone, and goes with the next commit', async () => {
    await takes('before');
    const { manifest, arrives } = await dyingCommit();
    await rollbackSnapshot(fresh(), manifest.uuid);
    for (const one of ['two', 'three', 'four']) await takes(one);
    release();
    expect(await arrives).toBe('stored');
    expect(await names()).toEqual(['before', 'two', 'three', 'four']);
    await expectUsable();
    const roots: number[] = [];
    for await (const { key } of store.list('snapkeep-root-')) roots.push(parseRootKey(key)!);
    expect(roots).toHaveLength(2);
  });

  test('changes nothing after the snapshot was committed as failed', async () => {
    const { manifest, arrives } = await dyingCommit();
    await commitFailedSnapshot(fresh(), manifest, { compress: true });
    release();
    expect(await arrives).toBe('refused');
    expect((await fresh().readRoot()).snapshots).toMatchObject([{ snapshot: 'cancelled', state: 'FAILED' }]);
    await expectUsable();
  });

  test('brings back no base that was marked and swept, nor what builds on it', async () => {
    await takes('base');
    const { manifest, arrives } = await dyingCommit();
    const [{ uuid }] = (await fresh().readRoot()).snapshots;
    await deleteSnapshots(fresh(), [uuid]); // by somebody who does not know of the job
    release();
    await arrives;
    expect(await names()).toEqual([]);
    await expect(commitSnapshot(fresh(), manifest, { compress: true })).rejects.toMatchObject({ code: 'base_changed' });
    await expectUsable();
  });

  test('changes nothing after a clean-up that took the job for ended', async () => {
    await takes('before');
    const { manifest, arrives } = await dyingCommit();
    expect(await cleanupRepository(fresh(), { running: async () => new Set() })).toMatchObject({ objects: 3 });
    release();
    expect(await arrives).toBe('refused');
    expect(await names()).toEqual(['before']);
    await expect(commitSnapshot(fresh(), manifest, { compress: true })).rejects.toMatchObject({
      code: 'concurrent_snapshot_execution_exception',
    });
    await expectUsable();
  });
});
