import { mkdirSync } from 'node:fs';
import { type Database, open, type RootDatabase } from 'lmdb';

type BinaryDatabase = Database<Buffer, Buffer>;

/**
 * The LMDB environment of the embedded cluster.
 *
 * | database   | key                | value                                                                 |
 * | ---------- | ------------------ | --------------------------------------------------------------------- |
 * | meta       | text               | JSON: cluster uuid, indices, states of shards, shards to be removed   |
 * | operations | shard, _seq_no     | the operation: document or tombstone                                  |
 * | superseded | shard, _seq_no     | the operation on the same _id that this one followed                  |
 * | gone       | shard, _seq_no     | the operation that superseded this document                           |
 * | blocks     | shard, block       | bitmap of the documents that are live now                             |
 * | ids        | shard, _id         | the last operation on the _id, as far as it was written back          |
 */
export interface Environment {
  readonly root: RootDatabase;
  readonly meta: Database<unknown, string>;
  readonly operations: BinaryDatabase;
  readonly superseded: BinaryDatabase;
  readonly gone: BinaryDatabase;
  readonly blocks: BinaryDatabase;
  readonly ids: BinaryDatabase;
}

/** Address space to reserve, not memory or disk: LMDB keeps old maps when it has to grow, so it starts large. */
const MAP_SIZE_BYTES = 2 ** 38;

/** Opens (or makes) the environment in `folder`. */
export function openEnvironment(folder: string): Environment {
  mkdirSync(folder, { recursive: true });
  const root = open({
    path: folder,
    noSubdir: false,
    mapSize: MAP_SIZE_BYTES,
    // A commit returns when it is on disk: what was acknowledged survives a power cut too.
    overlappingSync: false,
    maxDbs: 8,
  });
  const binary = (name: string): BinaryDatabase =>
    root.openDB<Buffer, Buffer>({ name, encoding: 'binary', keyEncoding: 'binary' });
  return {
    root,
    meta: root.openDB<unknown, string>({ name: 'meta', encoding: 'json' }),
    operations: binary('operations'),
    superseded: binary('superseded'),
    gone: binary('gone'),
    blocks: binary('blocks'),
    ids: binary('ids'),
  };
}

/**
 * Returns the stored bytes of `key`, valid until the next read. LMDB hands out its whole read buffer with a `length`
 * that is only pretended, which methods of typed arrays do not see, and for values larger than that a plain Uint8Array:
 * so it is made a Buffer of the right size here.
 */
export function readBytes(database: Database<Buffer, Buffer>, key: Buffer): Buffer | undefined {
  const bytes = database.getBinaryFast(key);
  return bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
