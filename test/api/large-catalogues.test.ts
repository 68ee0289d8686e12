import { OssBlobStore } from '../../src/blobs/oss/oss-blob-store';
import { Catalogue } from '../../src/repository/catalogue/catalogue';
import { type RootEntry } from '../../src/repository/format/format';
import { newSnapshotUuid } from '../../src/repository/format/keys';
import { OSS_SECRETS } from '../support/embedded-oss';
import { type RunningSnapkeep, startSnapkeep } from '../support/running-snapkeep';

const SNAPSHOTS = 9_000;
const QUEUED = 12;
const INDICES = 300;
const SLOW = { max_snapshot_bytes_per_sec: '100kb', compress: false };
const NDJSON = { 'content-type': 'application/x-ndjson' };

describe('large catalogues', () => {
  let snapkeep: RunningSnapkeep;

  beforeAll(async () => {
    snapkeep = await startSnapkeep();
    await snapkeep.call('PUT', '/small/_doc/1?refresh=true', { one: 1 });
  }, 120_000);

  afterAll(async () => {
    await snapkeep.stop();
  });

  it('of nine thousand snapshots are listed, page by page and whole', async () => {
    await snapkeep.call('PUT', '/_snapshot/large', { type: 'oss', settings: snapkeep.ossSettings('large') });
    await snapkeep.call('PUT', '/_snapshot/large/first?wait_for_completion=true', { indices: 'small' });
    const { endpoint, bucket, base_path: basePath } = snapkeep.ossSettings('large');
    const store = new OssBlobStore({ endpoint, bucket, basePath }, OSS_SECRETS);
    await new Catalogue(store).commitRoot((root) => {
      const [first] = root.snapshots;
      const more = Array.from({ length: SNAPSHOTS }, (_, i): RootEntry => {
        const order = first.order;
        const uuid = newSnapshotUuid();
        const manifest = { ...first.manifest, key: first.manifest.key.replace(first.uuid, uuid) };
        return { ...first, snapshot: `nightly-${i}`, uuid, order, manifest };
      });
      return { ...root, generation: root.generation + 1, snapshots: [first, ...more] };
    });
    await store.close();

    const all = await snapkeep.call('GET', '/_snapshot/large/_all');
    expect(all.json.snapshots).toHaveLength(SNAPSHOTS + 1);
    const page = await snapkeep.call('GET', '/_snapshot/large/nightly-*?size=10&sort=name');
    expect(page.json).toMatchObject({ total: SNAPSHOTS, remaining: SNAPSHOTS - 10 });
    expect(page.json.snapshots).toHaveLength(10);
    expect((await snapkeep.call('GET', '/_snapshot/_status')).json).toEqual({ snapshots: [] });

    // Also those whose manifests are missing are deleted, all at once, and nothing waits for what is swept afterwards.
    const deleted = await snapkeep.call('DELETE', '/_snapshot/large/nightly-*');
    expect(deleted.json).toEqual({ acknowledged: true });
    expect((await snapkeep.call('GET', '/_snapshot/large/_all')).json.snapshots).toHaveLength(1);
  }, 120_000);

  it('with queued snapshots of hundreds of indices each are listed, and the snapshots deleted', async () => {
    const lines = Array.from(
      { length: INDICES },
      (_, i) => `{"index":{"_index":"an-index-with-a-name-that-takes-its-place-${i}","_id":"1"}}\n{"n":${i}}\n`,
    );
    await snapkeep.call('POST', '/_bulk?refresh=true', lines.join(''), NDJSON);
    const settings = { ...snapkeep.ossSettings('wide'), ...SLOW };
    await snapkeep.call('PUT', '/_snapshot/wide', { type: 'oss', settings });
    const started = await Promise.all(
      Array.from({ length: QUEUED }, (_, i) =>
        snapkeep.call('PUT', `/_snapshot/wide/queued-${i}`, { indices: 'an-index-*' }),
      ),
    );
    expect(new Set(started.map(({ status }) => status))).toEqual(new Set([200]));
    expect((await snapkeep.call('GET', '/_snapshot/wide/_all')).json.snapshots).toHaveLength(QUEUED);
    expect((await snapkeep.call('DELETE', '/_snapshot/wide/queued-*')).status).toBe(200);
    expect((await snapkeep.call('GET', '/_snapshot/wide/_all')).json.snapshots).toEqual([]);
  }, 300_000);
});
