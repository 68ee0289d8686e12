import { findForeign, foreignObjects } from '../../src/repository/objects/foreign-objects';
import { FaultyBlobStore } from '../support/faulty-blob-store';
import { MemoryBlobStore } from './support/memory-blob-store';

/**
 * What Elasticsearch 7.10 and 8.19 and OpenSearch 3.8 left in a folder after one snapshot of one index of one shard.
 */
const ELASTICSEARCH_7 = [
  'index-0',
  'index.latest',
  'indices/X7ICPXdWQIKDVEiJxPSJ4w/0/__M6E10Zk1SgS-tSoXxF_5mw',
  'indices/X7ICPXdWQIKDVEiJxPSJ4w/0/__jRNuY9jHQb6H3_sUPlzDiw',
  'indices/X7ICPXdWQIKDVEiJxPSJ4w/0/index-r8_b5_XCSWWkpeWWnpf92A',
  'indices/X7ICPXdWQIKDVEiJxPSJ4w/0/snap-WvL9c9t4S1eiTxn0oOh3zA.dat',
  'indices/X7ICPXdWQIKDVEiJxPSJ4w/meta-lPHPFaIBtt9g25RUMf_e.dat',
  'meta-WvL9c9t4S1eiTxn0oOh3zA.dat',
  'snap-WvL9c9t4S1eiTxn0oOh3zA.dat',
];
const ELASTICSEARCH_8 = [
  'index-0',
  'index.latest',
  'indices/sJq2HnFzTpirEjfHLx_c-Q/0/__DiM0PL8XQFK8VEYhuW76gA',
  'indices/sJq2HnFzTpirEjfHLx_c-Q/0/__jd3apbkJQ7OCquhGJOmCmA',
  'indices/sJq2HnFzTpirEjfHLx_c-Q/0/index-y8t1IFHzTriwML9dtIovKw',
  'indices/sJq2HnFzTpirEjfHLx_c-Q/0/snap-lCmTE2KnSlqgI7O9uXS8pg.dat',
  'indices/sJq2HnFzTpirEjfHLx_c-Q/meta-t1jOFaIBiL-uvGqNyCxq.dat',
  'meta-lCmTE2KnSlqgI7O9uXS8pg.dat',
  'snap-lCmTE2KnSlqgI7O9uXS8pg.dat',
];
const OPENSEARCH_3 = [
  'index-0',
  'index.latest',
  'indices/kG4HVPj0R_GTryppHy1akQ/0/__m68NQgn-QhCrVBOEjr7s1A',
  'indices/kG4HVPj0R_GTryppHy1akQ/0/__qAGPFttZSr6N-bNa0GCXRQ',
  'indices/kG4HVPj0R_GTryppHy1akQ/0/index-maAUXdu2TOC09Nw2Qntb_Q',
  'indices/kG4HVPj0R_GTryppHy1akQ/0/snap-rd1rEm0XRo2J6452w33eHQ.dat',
  'indices/kG4HVPj0R_GTryppHy1akQ/meta-qZzOFaIBHpiloCl2XnE7.dat',
  'meta-rd1rEm0XRo2J6452w33eHQ.dat',
  'snap-rd1rEm0XRo2J6452w33eHQ.dat',
];
/** OpenSearch can put hashed folders before `indices`, as its documentation says. */
const OPENSEARCH_HASHED = [
  '5010T1nJ/indices/NpvZlW5sQ-yuv6dPA7QgKg/0/__qA4cl2H6SI2lW6sSb0wWhg',
  ...OPENSEARCH_3.filter((key) => !key.startsWith('indices/')),
  'snapshot_shard_paths/snapshot_path_NpvZlW5sQ-yuv6dPA7QgKg.1.test.1.2.1.shard.path',
];
const VERIFIED_ONLY = ['tests-9TxV7Yv4RyuQvM6bYtFqXA/data-nodeid.dat', 'tests-9TxV7Yv4RyuQvM6bYtFqXA/master.dat'];

const SNAPSHOT = 'snapkeep-snapshots/cOqj_WkQ8rdKZTPWKFDZBg/';
const ORPHANS = [`${SNAPSHOT}snapshot.l6uypiyw.json.gz`, `${SNAPSHOT}u8Zv0tQkS0mVY0cJr0n1xQ/0/shard.mp1ap7hr.json.gz`];
const OURS = ['snapkeep-root-1', 'snapkeep-root-2', ...ORPHANS];

async function placeWith(keys: readonly string[]): Promise<MemoryBlobStore> {
  const store = new MemoryBlobStore();
  for (const key of keys) await store.put(key, Buffer.from('x'));
  return store;
}

describe('a place is free for a repository when it holds', () => {
  test.each([
    ['nothing', []],
    ['a repository of this format', OURS],
    ['what jobs left of a repository whose root is lost', ORPHANS],
    ['the marker of a verification', ['snapkeep-verify-0123456789abcdef']],
    ['repositories of this format in sub-folders', OURS.flatMap((key) => [`prod/${key}`, `test/eu/${key}`])],
    ['a repository of this format in a native one', [...ELASTICSEARCH_8, ...OURS]],
    ['a repository of this format beside other files', [...OURS, 'notes.txt', 'backups/db.tar']],
  ])('%s', async (_, keys) => {
    expect(await foreignObjects(await placeWith(keys))).toBeUndefined();
  });

  test('a repository of this format behind thousands of other files', async () => {
    const others = Array.from({ length: 1500 }, (_, i) => `a/${i}`);
    expect(await foreignObjects(await placeWith([...others, ...OURS]))).toBeUndefined();
  });
});

describe('a place is taken when it holds', () => {
  test.each([
    ['a repository of Elasticsearch 7', ELASTICSEARCH_7],
    ['a repository of Elasticsearch 8', ELASTICSEARCH_8],
    ['a repository of OpenSearch 3', OPENSEARCH_3],
    ['a repository of OpenSearch 3 with hashed folders', OPENSEARCH_HASHED],
    ['a native repository in a sub-folder', ELASTICSEARCH_8.map((key) => `prod/${key}`)],
    ['a native repository of which only data is left', [ELASTICSEARCH_8[2]]],
    ['a native repository and what jobs of this format left', [...ELASTICSEARCH_7, ...ORPHANS]],
  ])('%s, which is recognised', async (_, keys) => {
    const found = await foreignObjects(await placeWith(keys));
    expect(found).toMatchObject({ native: true, count: keys.filter((key) => !ORPHANS.includes(key)).length });
    expect(found?.examples).toHaveLength(Math.min(5, found?.count ?? 0));
    expect(found?.examples.every((key) => keys.includes(key))).toBe(true);
  });

  test.each([
    ['somebody’s files', ['backups/db.tar', 'notes.txt']],
    ['one hidden file', ['.DS_Store']],
    ['what a native repository leaves when its verification dies', VERIFIED_ONLY],
    ['names that only look like ours', ['snapkeep-root-', 'snapkeep-root-01', 'snapkeep-root-x', 'snapkeep-snapshots']],
    ['a root’s name used for a folder', ['snapkeep-root-1/file']],
  ])('%s', async (_, keys) => {
    expect(await foreignObjects(await placeWith(keys))).toEqual({ native: false, count: keys.length, examples: keys });
  });

  test('more than is worth listing: a thousand keys tell', async () => {
    const faulty = new FaultyBlobStore(await placeWith(Array.from({ length: 1500 }, (_, i) => `a/${i}`)));
    expect(await foreignObjects(faulty)).toMatchObject({ native: false, count: 1000 });
    expect(faulty.calls).toEqual(['list snapkeep-root-', 'list ']);
  });
});

test('no name of a native repository is one of ours, in whatever order they are found', () => {
  for (const keys of [ELASTICSEARCH_7, ELASTICSEARCH_8, OPENSEARCH_3, OPENSEARCH_HASHED, VERIFIED_ONLY]) {
    for (const key of keys) expect(findForeign([key])?.count).toBe(1);
  }
  expect(findForeign(['notes.txt', ...ELASTICSEARCH_7])?.examples[0]).toBe('index-0');
});
