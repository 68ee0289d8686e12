import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FsBlobStore } from '../../../src/blobs/fs/fs-blob-store';
import { type ShardEntry } from '../../../src/contracts/stored';
import { CodecPool } from '../../../src/documents/codec-pool';
import { Catalogue } from '../../../src/repository/catalogue/catalogue';
import { type RootEntry } from '../../../src/repository/format/format';
import { type Repository } from './shards';

/** An empty repository in a temporary folder. */
export interface FolderRepository extends Repository {
  /** Returns the entry of the first shard of the snapshot's first index. */
  firstShard(snapshot: RootEntry): Promise<ShardEntry>;
  /** Ends the codec's threads and deletes the folder. */
  remove(): Promise<void>;
}

/** Makes a repository in a new folder. */
export async function makeFolderRepository(): Promise<FolderRepository> {
  const folder = await mkdtemp(join(tmpdir(), 'snapkeep-repository-'));
  const store = new FsBlobStore(folder);
  await store.checkUsable();
  const catalogue = new Catalogue(store);
  const pool = new CodecPool();
  return {
    store,
    catalogue,
    pool,
    firstShard: async (snapshot) => {
      const { indices } = await catalogue.readSnapshotManifest(snapshot.manifest);
      return indices[0]!.shards[0]!;
    },
    remove: async () => {
      await pool.close();
      await rm(folder, { recursive: true });
    },
  };
}
