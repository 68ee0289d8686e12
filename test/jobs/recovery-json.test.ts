import { type IndexRecovery } from '../../src/contracts/jobs/recovery';
import { byteSize, timeValue } from '../../src/elasticsearch/values';
import { type Recovery } from '../../src/jobs/restores/recoveries';
import { type ClusterRecoveries, mergeRecoveries } from '../../src/jobs/restores/recovery-json';

const TARGET = { id: 'n1', host: '127.0.0.1', transport_address: '127.0.0.1:9300', ip: '127.0.0.1', name: 'node' };
const CLUSTER: ClusterRecoveries = {
  restored: {
    shards: [
      { id: 0, primary: true, stage: 'DONE', target: TARGET },
      { id: 0, primary: false, stage: 'INDEX', target: { ...TARGET, id: 'n2' } },
    ],
  },
  other: { shards: [{ id: 0, primary: true, stage: 'DONE', target: TARGET }] },
};
const OPTIONS = {
  activeOnly: false,
  detailed: false,
  human: false,
  tellsBytesFromSnapshots: false,
  tellsRemoteStores: false,
};

const restore = (more: Partial<IndexRecovery> = {}): Recovery => ({
  workflowId: 'restore/my_backup/snapshot_3/abc',
  id: 'abc',
  repository: 'my_backup',
  snapshot: 'snapshot_3',
  version: '8.19.0',
  index: {
    source: 'original',
    target: 'restored',
    state: 'RUNNING',
    startMillis: 1_000,
    shards: [
      {
        shard: 0,
        stage: 'INDEX',
        documents: 100,
        bytes: 1_000,
        objects: 4,
        recoveredDocuments: 87,
        recoveredBytes: 871,
        recoveredObjects: 3,
      },
    ],
    ...more,
  },
});

// eslint-disable-next-line @typescript-eslint/no-explicit-any
const plain = (json: unknown): any => JSON.parse(JSON.stringify(json));

describe('_recovery', () => {
  it('shows the primaries of a restored index as recoveries from the snapshot, on the node where they are', () => {
    const { restored, other } = plain(mergeRecoveries(CLUSTER, [restore()], OPTIONS, 1_500));
    expect(other).toEqual(CLUSTER.other);
    expect(restored.shards[1]).toEqual(CLUSTER.restored.shards[1]);
    expect(restored.shards[0]).toEqual({
      id: 0,
      type: 'SNAPSHOT',
      stage: 'INDEX',
      primary: true,
      start_time: '1970-01-01T00:00:01.000Z',
      start_time_in_millis: 1_000,
      total_time_in_millis: 500,
      source: {
        repository: 'my_backup',
        snapshot: 'snapshot_3',
        version: '8.19.0',
        index: 'original',
        restoreUUID: 'abc',
      },
      target: TARGET,
      index: {
        size: { total_in_bytes: 1_000, reused_in_bytes: 0, recovered_in_bytes: 871, percent: '87.1%' },
        files: { total: 4, reused: 0, recovered: 3, percent: '75.0%' },
        bytes: {
          total: 1_000,
          reused: 0,
          recovered: 871,
          percent: '87.1%',
          total_in_bytes: 1_000,
          reused_in_bytes: 0,
          recovered_in_bytes: 871,
        },
        total_time_in_millis: 500,
        source_throttle_time_in_millis: 0,
        target_throttle_time_in_millis: 0,
      },
      translog: { recovered: 0, total: 0, percent: '100.0%', total_on_start: 0, total_time_in_millis: 0 },
      start: { check_index_time: 0, check_index_time_in_millis: 0, total_time_in_millis: 0 },
      verify_index: { check_index_time_in_millis: 0, total_time_in_millis: 0 },
    });
  });

  it('shows an index that waits for its turn although the cluster has none of it', () => {
    const merged = plain(mergeRecoveries({}, [restore({ state: 'WAITING' })], OPTIONS, 1_500));
    expect(merged.restored.shards[0]).toMatchObject({ target: {}, type: 'SNAPSHOT' });
  });

  it('shows only what is going on with active_only', () => {
    const merged = plain(mergeRecoveries(CLUSTER, [restore()], { ...OPTIONS, activeOnly: true }, 1_500));
    expect(Object.keys(merged)).toEqual(['restored']);
    const done = restore({ state: 'DONE', stopMillis: 1_200 });
    const later = plain(mergeRecoveries(CLUSTER, [done], { ...OPTIONS, activeOnly: true }, 1_500));
    expect(later.restored.shards).toEqual([CLUSTER.restored.shards[1]]);
  });

  it('prints sizes and times for people with human', () => {
    const merged = plain(mergeRecoveries(CLUSTER, [restore()], { ...OPTIONS, human: true }, 62_500));
    const [shard] = merged.restored.shards;
    expect(shard).toMatchObject({ total_time: '1m', total_time_in_millis: 61_500 });
    expect(shard.index.size).toMatchObject({ total: '1000b', recovered: '871b' });
  });

  it('says how long a finished one took', () => {
    const done = restore({ state: 'DONE', stopMillis: 1_200 });
    const { restored } = plain(mergeRecoveries(CLUSTER, [done], OPTIONS, 9_999));
    expect(restored.shards[0]).toMatchObject({ stage: 'DONE', stop_time_in_millis: 1_200, total_time_in_millis: 200 });
    expect(restored.shards[0].index.size.percent).toBe('100.0%');
  });

  it('prints sizes and times as Elasticsearch does', () => {
    expect([byteSize(0), byteSize(1_536), byteSize(5 * 1024 ** 3)]).toEqual(['0b', '1.5kb', '5gb']);
    expect([0, 20, 1_500, 3_600_000].map(timeValue)).toEqual(['0s', '20ms', '1.5s', '1h']);
  });
});
