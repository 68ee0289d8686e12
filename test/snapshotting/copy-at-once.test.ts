import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Cluster } from '../../src/cluster/cluster';
import { SnapkeepError } from '../../src/contracts/errors';
import { CodecPool } from '../../src/documents/codec-pool';
import { type OpenRepository } from '../../src/registrations/open-repositories';
import { Catalogue } from '../../src/repository/catalogue/catalogue';
import { newSnapshotUuid } from '../../src/repository/format/keys';
import { copyAtOnce } from '../../src/snapshotting/copy-at-once';
import { type ChangedShard, changedShards, type JobPlan } from '../../src/snapshotting/job-plan';
import { NoteReader } from '../../src/snapshotting/note-reader';
import { ShardStates } from '../../src/snapshotting/states-at-copy';
import { MemoryBlobStore } from '../repository/support/memory-blob-store';
import { ShardModel } from '../repository/support/shard-model';
import { identityOf } from '../repository/support/shards';

const pool = new CodecPool(1);
afterAll(() => pool.close());

const model = new ShardModel();
model.put('1', '{}');
const planned: ChangedShard['plan'] = {
  kind: 'changed',
  identity: identityOf(model),
  target: model.target,
  session: model.session,
  documents: 1,
  bytes: 100,
};
const plan: JobPlan = {
  snapshot: 's',
  uuid: newSnapshotUuid(),
  startMillis: 1,
  seenMillis: 1,
  cluster: { uuid: planned.identity.clusterUuid, name: 'c', product: 'elasticsearch', version: '8.19.0' },
  pit: 'elasticsearch',
  includeGlobalState: false,
  indices: [{ name: 'logs', uuid: model.indexUuid, settings: '{}', mappings: '{}', aliases: '{}', shards: [planned] }],
};
const [changed] = changedShards(plan);

/** Copies the shard through a reader whose views fail with `error`. */
function copyFailing(error: Error | undefined, refresh: Cluster['refresh'] = async () => undefined): Promise<unknown> {
  const store = new MemoryBlobStore();
  const cluster = {
    refresh,
    shardStates: async () => [model.state],
    indexExists: async () => true,
  } as unknown as Cluster;
  const reader = new Proxy(model, {
    get: (of, name) => {
      if (name === 'openView' && error !== undefined) return () => Promise.reject(error);
      const member: unknown = Reflect.get(of, name);
      return typeof member === 'function' ? (member.bind(of) as unknown) : member;
    },
  });
  const write = { compress: true, chunkSizeBytes: 1024 ** 2, readonly: false };
  const repository = { store, catalogue: new Catalogue(store), write } as unknown as OpenRepository;
  const signal = new AbortController().signal;
  return copyAtOnce({ cluster, pool, repository, notes: new NoteReader(), uuid: plan.uuid, reader, signal }, plan, [
    model.state,
  ]);
}

it('copying at once decides nothing where the cluster or the store could not do it', async () => {
  expect(await copyFailing(undefined)).toMatchObject({
    results: [{ ordinal: 0, entry: { totals: { documents: 1 } } }],
  });
  expect(await copyFailing(new SnapkeepError('cluster_unavailable', 'not now'))).toBeUndefined();
});

it('copying at once ends at its time limit, whatever the garbage collector takes meanwhile', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const collecting = setInterval(collect, 50);
  try {
    const silent = (_indices: unknown, signal?: AbortSignal): Promise<void> =>
      new Promise((_, reject) => {
        signal!.addEventListener('abort', () => reject(signal!.reason as Error));
      });
    const ended = copyFailing(undefined, silent);
    expect(await Promise.race([ended, sleep(5_000, 'still copying', { ref: false })])).toBeUndefined();
  } finally {
    clearInterval(collecting);
  }
}, 10_000);

it('copying at once passes programming errors on', async () => {
  await expect(copyFailing(new TypeError('x is not a function'))).rejects.toThrow(TypeError);
});

it('a shard without a primary is waited for, one of a deleted index is not', () => {
  const code = (deleted: ReadonlySet<string>): string | undefined => {
    try {
      new ShardStates([], deleted).of(changed);
      return undefined;
    } catch (error) {
      return (error as SnapkeepError).code;
    }
  };
  expect(code(new Set())).toBe('cluster_unavailable');
  expect(code(new Set(['logs']))).toBe('index_not_found_exception');
});
