import { bounded, boundedSum } from '../../src/contracts/jobs/bounded';
import { type RestoreRequest } from '../../src/contracts/jobs/restore';
import { outcomeJson } from '../../src/jobs/restores/restores';
import { FORMAT_VERSION, type SnapshotManifest } from '../../src/repository/format/format';
import { groupsOf, planIndices, planRestore, planStreams, totalsOf } from '../../src/restoring/plan-restore';

/** Most bytes that Temporal takes as one payload. */
const MAX_PAYLOAD = 2 * 1024 * 1024;
const REQUEST: RestoreRequest = {
  ignoreUnavailable: false,
  includeGlobalState: false,
  includeAliases: true,
  partial: false,
};
const TOTALS = { objects: 1, bytes: 10, addedObjects: 0, addedBytes: 0, documents: 5 };

function manifestOf(names: readonly string[], shards = 1): SnapshotManifest {
  const shard = {
    manifest: { key: 'k', length: 1, sha256: 'x' },
    historyUuid: 'h',
    maxSeqNo: 0,
    sealedThrough: 0,
    totals: TOTALS,
    startMillis: 0,
    millis: 0,
  };
  return {
    format: FORMAT_VERSION,
    snapshot: 's',
    uuid: 'u',
    state: 'SUCCESS',
    startMillis: 0,
    endMillis: 0,
    cluster: { uuid: 'c', name: 'c', product: 'elasticsearch', version: '8.19.0' },
    includeGlobalState: false,
    indices: names.map((name) => ({
      name,
      uuid: 'u',
      settings: '{}',
      mappings: '{}',
      aliases: '{}',
      shards: Array.from({ length: shards }, () => shard),
    })),
    failures: [],
    totals: TOTALS,
  };
}

describe('the plan of a restore', () => {
  it('of 12,000 indices with long names fits into payloads, and groups come to the same', async () => {
    const names = Array.from({ length: 12_000 }, (_, i) => `${'n'.repeat(200)}-${i}`);
    const manifest = manifestOf(names);
    const request = { ...REQUEST, renamePattern: 'n+', renameReplacement: 'restored' };
    const plan = await planRestore('r:s', 'abc', manifest, request);
    const groups = groupsOf(plan);
    expect(totalsOf(plan)).toEqual({ indices: 12_000, shards: 12_000, documents: 60_000, bytes: 120_000 });
    expect(JSON.stringify(groups).length).toBeLessThan(MAX_PAYLOAD / 8);
    expect(groups.flatMap(({ ordinals }) => ordinals)).toEqual([...names.keys()]);
    const parts = await Promise.all(groups.map((group) => planIndices('abc', manifest, group, request)));
    expect(parts.flat()).toEqual(plan);
    expect(plan[11_999]).toMatchObject({ target: 'restored-11999', alias: '.snapkeep-restore-abc-11999' });
  });

  describe('of data streams', () => {
    const stream = { name: 'logs', timestampField: '@timestamp', generation: 2, indices: ['.ds-logs-1', '.ds-logs-2'] };
    const manifest = { ...manifestOf(['.ds-logs-1', '.ds-logs-2', 'other']), dataStreams: [stream] };
    const rename = { renamePattern: '^logs', renameReplacement: 'copy' };
    const planned = async (request: Partial<RestoreRequest>): Promise<unknown[]> => {
      const whole = { ...REQUEST, ...rename, ...request };
      const plan = await planRestore('r:s', 'abc', manifest, whole);
      const groups = await Promise.all(groupsOf(plan).map((group) => planIndices('abc', manifest, group, whole)));
      expect(groups.flat()).toEqual(plan);
      const streams = planStreams(manifest, whole).map(({ target, indices }) => [target, ...indices]);
      return [plan.map(({ target }) => target), streams];
    };

    it.each([
      ['by its name', ['logs']],
      ['by a wildcard', ['l*']],
    ])('takes a stream %s with its indices, and renames behind their prefix', async (_, indices) => {
      expect(await planned({ indices })).toEqual([
        ['.ds-copy-1', '.ds-copy-2'],
        [['copy', '.ds-copy-1', '.ds-copy-2']],
      ]);
    });

    it('takes everything by default', async () => {
      expect(await planned({})).toEqual([
        ['.ds-copy-1', '.ds-copy-2', 'other'],
        [['copy', '.ds-copy-1', '.ds-copy-2']],
      ]);
    });

    it('takes a backing index that is named as a plain index', async () => {
      expect(await planned({ indices: ['.ds-logs-1', 'other'] })).toEqual([['.ds-logs-1', 'other'], []]);
    });

    it('refuses a name that is neither an index nor a stream', async () => {
      await expect(planned({ indices: ['logs', 'nope'] })).rejects.toMatchObject({ code: 'index_not_found_exception' });
    });
  });

  it('gives indices of many shards smaller groups', async () => {
    const plan = await planRestore('r:s', 'abc', manifestOf(['a', 'b', 'c', 'd', 'e'], 90), REQUEST);
    expect(groupsOf(plan).map(({ ordinals }) => ordinals)).toEqual([[0, 1], [2, 3], [4]]);
  });

  it('lets other work have its turn while it renames', async () => {
    const names = Array.from({ length: 12_000 }, (_, i) => `${'a'.repeat(200)}${i}`);
    let turns = 0;
    const ticking = setInterval(() => turns++, 1);
    await planRestore('r:s', 'abc', manifestOf(names), {
      ...REQUEST,
      renamePattern: '(a|b|ab)+?(\\d+)',
      renameReplacement: 'x$2',
    });
    clearInterval(ticking);
    expect(turns).toBeGreaterThan(0);
  });

  it('refuses two indices renamed into one', async () => {
    const request = { ...REQUEST, renamePattern: '\\d', renameReplacement: '' };
    await expect(planRestore('r:s', 'abc', manifestOf(['a1', 'a2']), request)).rejects.toThrow(
      'indices [a2] and [a1] are renamed into the same index [a]',
    );
  });
});

describe('the answer to a restore', () => {
  const none = bounded<never>([]);
  const outcome = {
    state: 'SUCCESS' as const,
    indices: ['a'],
    indexCount: 1,
    shards: { total: 1, failed: 0 },
    failures: none,
    leftOut: none,
    documents: 5,
  };

  it('is that of Elasticsearch where nothing is to be told', () => {
    expect(outcomeJson('s', outcome)).toEqual({
      snapshot: { snapshot: 's', indices: ['a'], shards: { total: 1, failed: 0, successful: 1 } },
    });
  });

  it('lists what failed and what was left out, at most a hundred of each, with the number of all', () => {
    const failures = bounded(Array.from({ length: 150 }, (_, i) => ({ index: `i-${i}`, reason: 'why' })));
    const leftOut = boundedSum([bounded([{ index: 'a', kind: 'setting' as const, name: 'x', reason: 'y' }])]);
    const json = outcomeJson('s', {
      ...outcome,
      state: 'PARTIAL',
      shards: { total: 151, failed: 150 },
      failures,
      leftOut,
    });
    expect(json.failures).toHaveLength(100);
    expect(json).toMatchObject({
      failures_total: 150,
      left_out: [{ index: 'a', kind: 'setting', name: 'x', reason: 'y' }],
    });
    expect(json).not.toHaveProperty('left_out_total');
  });

  it('is an error with the reasons where no index was restored', () => {
    const failed = {
      ...outcome,
      state: 'FAILED' as const,
      indices: [],
      indexCount: 0,
      failures: bounded([{ index: 'a', reason: 'no disk' }]),
    };
    expect(() => outcomeJson('s', failed)).toThrow('no index was restored, and nothing is left of them: [a] no disk');
  });
});
