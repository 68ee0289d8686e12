import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { type Answer, type RunningSnapkeep } from '../support/running-snapkeep';

/**
 * What a snapshot keeps of the global state, and what a restore of it does, on any cluster. Where the cluster has
 * snapshots of its own, its own restore is the measure.
 */

/** The cluster under test. */
export interface StateCluster {
  readonly snapkeep: () => RunningSnapkeep;
  /** Whether it takes snapshots itself, into the folder that it may use. */
  readonly native: boolean;
  /** Whether it has script languages and processors. */
  readonly scripts: boolean;
  /** Whether it has legacy templates. */
  readonly legacy: boolean;
}

const TEST_MS = 120_000;
const ONLY_STATE = { indices: '-*', include_global_state: true };

export function describeGlobalState(cluster: StateCluster): void {
  const { native, scripts, legacy } = cluster;
  const call: RunningSnapkeep['call'] = (...args) => cluster.snapkeep().call(...args);
  const done = async (...args: Parameters<RunningSnapkeep['call']>): Promise<Answer> => {
    const answer = await call(...args);
    if (answer.status >= 300) throw new Error(`${args.slice(0, 2).join(' ')}: ${answer.text}`);
    return answer;
  };
  const direct = async (method: string, target: string, body?: unknown): Promise<Answer['json']> => {
    const response = await fetch(cluster.snapkeep().clusterUrl + target, {
      method,
      headers: { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    return response.json();
  };

  const setState = async (): Promise<void> => {
    await done('PUT', '/_cluster/settings', {
      persistent: {
        'cluster.routing.allocation.node_concurrent_recoveries': 3,
        'indices.recovery.max_bytes_per_sec': '77mb',
      },
    });
    if (legacy) {
      await done('PUT', '/_template/old', { index_patterns: ['old-*'], order: 3, mappings: { _meta: { n: 1 } } });
    }
    await done('PUT', '/_component_template/parts', { template: { settings: { number_of_replicas: 0 } }, version: 2 });
    await done('PUT', '/_index_template/new', { index_patterns: ['new-*'], composed_of: ['parts'], priority: 5 });
    await done('PUT', '/_index_template/other', { index_patterns: ['other-*'], priority: 6 });
    await done('PUT', '/_ingest/pipeline/mine', { description: 'mine', version: 9, processors: [] });
    if (!scripts) return;
    await done('PUT', '/_scripts/mine', { script: { lang: 'painless', source: 'return 1' } });
  };

  /** Deletes, changes and adds something of each part. */
  const changeState = async (): Promise<void> => {
    await done('PUT', '/_cluster/settings', {
      persistent: {
        'cluster.routing.allocation.node_concurrent_recoveries': null,
        'indices.recovery.max_bytes_per_sec': '11mb',
        'cluster.max_shards_per_node': 2000,
      },
    });
    if (legacy) {
      await call('DELETE', '/_template/old');
      await done('PUT', '/_template/added', { index_patterns: ['added-*'] });
    }
    await call('DELETE', '/_index_template/new');
    await call('DELETE', '/_component_template/parts');
    await done('PUT', '/_component_template/added', { template: {} });
    // Would collide with a template of the snapshot if it stayed while that is put.
    await done('PUT', '/_index_template/added', { index_patterns: ['new-*'], priority: 5 });
    await done('PUT', '/_index_template/other', { index_patterns: ['changed-*'], priority: 7 });
    await done('PUT', '/_index_template/.kept', { index_patterns: ['kept-*'], priority: 8, _meta: { managed: true } });
    await done('PUT', '/_ingest/pipeline/mine', { description: 'changed', processors: [] });
    await done('PUT', '/_ingest/pipeline/added', { processors: [] });
    if (!scripts) return;
    await done('PUT', '/_scripts/mine', { script: { lang: 'painless', source: 'return 2' } });
    await done('PUT', '/_scripts/added', { script: { lang: 'painless', source: 'return 3' } });
  };

  const readState = async (): Promise<Record<string, unknown>> => {
    const paths = [
      '/_cluster/settings?flat_settings=true',
      ...(legacy ? ['/_template'] : []),
      '/_component_template',
      '/_index_template',
      '/_ingest/pipeline',
      '/_cluster/state/metadata?filter_path=metadata.stored_scripts',
    ];
    const state: Record<string, unknown> = {};
    // Elasticsearch 9 notes when a request made or changed them: those of a restore are its own.
    for (const target of paths) state[target] = withoutDates(await direct('GET', target));
    const templates = state['/_index_template'] as { index_templates: { name: string }[] };
    templates.index_templates.sort((a, b) => (a.name < b.name ? -1 : 1));
    return state;
  };

  const withoutDates = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value), (name: string, member: unknown) =>
      /^(created|modified)_date/.test(name) ? undefined : member,
    );

  const withoutKept = (state: Record<string, unknown>): Record<string, unknown> => {
    const { index_templates: all } = state['/_index_template'] as { index_templates: { name: string }[] };
    return { ...state, '/_index_template': { index_templates: all.filter(({ name }) => name !== '.kept') } };
  };

  const stateObjects = async (): Promise<string[]> => {
    const files = await readdir(path.join(cluster.snapkeep().dataDir, 'repositories', 'state'), { recursive: true });
    return files.filter((file) => path.basename(file).startsWith('state.')).sort();
  };

  beforeAll(async () => {
    await done('PUT', '/_snapshot/r', { type: 'fs', settings: { location: 'state' } });
    await done('PUT', '/one', { settings: { number_of_replicas: 0 } });
    await setState();
    if (native) {
      await direct('PUT', '/_snapshot/native', { type: 'fs', settings: { location: 'native' } });
      await direct('PUT', '/_snapshot/native/s?wait_for_completion=true', { indices: 'one' });
    }
    await done('PUT', '/_snapshot/r/s?wait_for_completion=true', { indices: 'one' });
    await done('PUT', '/_snapshot/r/without?wait_for_completion=true', { indices: 'one', include_global_state: false });
  }, TEST_MS);

  it('tells whether a snapshot holds the global state', async () => {
    const { json } = await done('GET', '/_snapshot/r/s,without');
    expect(json.snapshots.map((one: { include_global_state: boolean }) => one.include_global_state)).toEqual([
      true,
      false,
    ]);
    const { json: details } = await done('GET', '/_snapkeep/snapshots/r/s');
    expect(details.global_state).toMatchObject({ cluster_setting: 2, index_template: 2, ingest_pipeline: 1 });
    expect((await done('GET', '/_snapkeep/snapshots/r/without')).json.global_state).toBeUndefined();
  });

  it(
    'makes the state that of the snapshot, and leaves what the cluster manages itself',
    async () => {
      const before = await readState();
      await changeState();
      if (native) {
        await direct('POST', '/_snapshot/native/s/_restore?wait_for_completion=true', ONLY_STATE);
      }
      const asNative = native ? await readState() : before;
      await changeState();
      const changed = await readState();
      const { json } = await done('POST', '/_snapshot/r/s/_restore?wait_for_completion=true', ONLY_STATE);
      expect(json).toEqual({
        snapshot: { snapshot: 's', indices: [], shards: { total: 0, failed: 0, successful: 0 } },
      });
      const restored = await readState();
      expect(withoutKept(restored)).toEqual(asNative);
      expect(restored).not.toEqual(changed);
      expect((await call('GET', '/_index_template/.kept')).status).toBe(200);
      const again = await done('POST', '/_snapshot/r/s/_restore?wait_for_completion=true', ONLY_STATE);
      expect(again.json.left_out).toBeUndefined();
      expect(await readState()).toEqual(restored);
    },
    TEST_MS,
  );

  it(
    'restores indices beside the state, and no state unless asked to',
    async () => {
      await changeState();
      const changed = await readState();
      await done('DELETE', '/one');
      await done('POST', '/_snapshot/r/s/_restore?wait_for_completion=true', {});
      expect(await readState()).toEqual(changed);
      await done('DELETE', '/one');
      const body = { include_global_state: true };
      const { json } = await done('POST', '/_snapshot/r/s/_restore?wait_for_completion=true', body);
      expect(json.snapshot.indices).toEqual(['one']);
      expect(await readState()).not.toEqual(changed);
    },
    TEST_MS,
  );

  it('refuses to restore a state that the snapshot has not, before anything is changed', async () => {
    const { status, json } = await call('POST', '/_snapshot/r/without/_restore?wait_for_completion=true', ONLY_STATE);
    expect([status, json.error.type]).toEqual([500, 'snapshot_restore_exception']);
    expect(json.error.reason).toMatch(
      /^\[r:without\/\S+\] cannot restore global state since the snapshot was created without global state$/,
    );
  });

  it(
    'stores an unchanged state once, as long as a snapshot has it',
    async () => {
      await setState();
      await done('PUT', '/_snapshot/r/a?wait_for_completion=true', { indices: 'one' });
      const before = await stateObjects();
      await done('PUT', '/_snapshot/r/b?wait_for_completion=true', { indices: 'one' });
      expect(await stateObjects()).toEqual(before);
      await done('DELETE', '/_snapshot/r/a,s');
      await done('POST', '/_snapshot/r/b/_restore?wait_for_completion=true', ONLY_STATE);
      await done('PUT', '/_ingest/pipeline/more', { processors: [] });
      await done('PUT', '/_snapshot/r/c?wait_for_completion=true', { indices: 'one' });
      await done('DELETE', '/_snapshot/r/b');
      expect(await stateObjects()).toHaveLength(1);
      await done('DELETE', '/_snapshot/r/c');
      expect(await stateObjects()).toEqual([]);
    },
    TEST_MS,
  );
}
