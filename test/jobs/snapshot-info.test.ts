import { type RawJson } from '../../src/elasticsearch/json-value';
import { versionId } from '../../src/elasticsearch/version-id';
import { snapshotInfo } from '../../src/jobs/snapshots/snapshot-info';
import { finishedView, runningView } from '../../src/jobs/snapshots/snapshot-view';
import { type Root, type RootEntry, type SnapshotManifest } from '../../src/repository/format/format';

const ENTRY: RootEntry = {
  snapshot: 'snapshot_2',
  uuid: 'u',
  order: 1,
  state: 'PARTIAL',
  startMillis: 1409662903115,
  endMillis: 1409662903439,
  indices: '0+2',
  dataless: '',
  shards: { total: 10, failed: 1 },
  documents: 5,
  bytes: 100,
  addedBytes: 10,
  version: '8.19.0',
  includeGlobalState: true,
  metadata: '{"taken_because": 9007199254740993}',
  manifest: { key: 'k', length: 1, sha256: 's' },
};
const ROOT: Root = {
  format: 1,
  generation: 1,
  uuid: 'r',
  indices: [
    { name: 'index_2', uuid: 'i2' },
    { name: 'index_1', uuid: 'i1' },
  ],
  snapshots: [ENTRY],
  rolledBack: [],
  removed: [],
  swept: [],
  building: [],
};
const MANIFEST = {
  failures: [{ index: 'index_1', indexUuid: 'i1', shard: 3, reason: 'no primary', status: 'SERVICE_UNAVAILABLE' }],
  indices: [{ name: 'index_1', shards: [{ totals: { bytes: 7, objects: 2 } }, null] }],
} as unknown as SnapshotManifest;
const OPTIONS = { verbose: true, indexDetails: false, indexNames: true, includeRepository: true };

describe('a snapshot as JSON', () => {
  it('tells the duration to people, and of remote stores where the cluster does', () => {
    const view = finishedView('my_backup', ROOT, ENTRY);
    const info = snapshotInfo(view, MANIFEST, { ...OPTIONS, human: true, tellsRemoteStores: true }, 0);
    expect(info).toMatchObject({ duration: '324ms', remote_store_index_shallow_copy: false });
  });

  it('has the fields of Elasticsearch, in its order', () => {
    const info = snapshotInfo(finishedView('my_backup', ROOT, ENTRY), MANIFEST, OPTIONS, 0);
    expect(JSON.parse(JSON.stringify({ ...info, metadata: undefined }))).toEqual({
      snapshot: 'snapshot_2',
      uuid: 'u',
      repository: 'my_backup',
      version_id: 8190099,
      version: '8.19.0',
      indices: ['index_1', 'index_2'],
      data_streams: [],
      include_global_state: true,
      state: 'PARTIAL',
      start_time: '2014-09-02T13:01:43.115Z',
      start_time_in_millis: 1409662903115,
      end_time: '2014-09-02T13:01:43.439Z',
      end_time_in_millis: 1409662903439,
      duration_in_millis: 324,
      failures: [
        { index: 'index_1', index_uuid: 'i1', shard_id: 3, reason: 'no primary', status: 'SERVICE_UNAVAILABLE' },
      ],
      shards: { total: 10, failed: 1, successful: 9 },
      feature_states: [],
    });
  });

  it('returns metadata byte for byte', () => {
    const { metadata } = snapshotInfo(finishedView('r', ROOT, ENTRY), MANIFEST, OPTIONS, 0);
    expect((metadata as RawJson).text).toBe('{"taken_because": 9007199254740993}');
  });

  it('says in duration how long a running one has been running', () => {
    const running = runningView(
      'r',
      {
        job: { workflowId: 'w', kind: 'snapshot', repository: 'r', snapshot: 's', startMillis: 1_000 },
        shown: {
          uuid: 'u',
          state: 'STARTED',
          startMillis: 1_000,
          includeGlobalState: false,
          copiedShards: 0,
          failedShards: 0,
        },
      },
      { version: '8.19.0', indices: ['b', 'a'], dataStreams: [], shards: 2 },
      { successful: 0, failed: 0 },
    );
    expect(snapshotInfo(running, undefined, OPTIONS, 1_500)).toMatchObject({
      state: 'IN_PROGRESS',
      indices: ['a', 'b'],
      end_time_in_millis: 0,
      duration_in_millis: 500,
    });
  });

  it('shows sizes per index when asked, and little when told not to be verbose', () => {
    const view = finishedView('r', ROOT, ENTRY);
    expect(snapshotInfo(view, MANIFEST, { ...OPTIONS, indexDetails: true }, 0).index_details).toEqual({
      index_1: { shard_count: 2, size_in_bytes: 7, max_segments_per_shard: 2 },
    });
    const short = snapshotInfo(view, undefined, { ...OPTIONS, verbose: false }, 0);
    expect(Object.keys(short)).toEqual(['snapshot', 'uuid', 'repository', 'indices', 'data_streams', 'state']);
  });

  it('knows the ids of versions of both products', () => {
    expect(versionId('7.10.2')).toBe(7100299);
    // As OpenSearch 2.11.0 prints it.
    expect(versionId('2.11.0')).toBe(136327827);
  });
});
