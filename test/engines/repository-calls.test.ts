import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Engine, enginesTriedInFull, startEngine } from '../support/engines';
import { type RunningSnapkeep, startSnapkeep } from '../support/running-snapkeep';

/** The calls on repositories and `_clone`, sent to the engine for its own repository and to Snapkeep before it. */

interface Said {
  readonly status: number;
  // What the engines say is what the test is about.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly json: any;
}
type Call = readonly [method: string, target: string, body?: object];

const CALLS: readonly Call[] = [
  ['POST', '/_snapshot/r/_verify'],
  ['POST', '/_snapshot/none/_verify'],
  ['POST', '/_snapshot/r*/_verify'],
  ['POST', '/_snapshot/ro/_verify'],
  ['POST', '/_snapshot/r/_cleanup'],
  ['POST', '/_snapshot/none/_cleanup'],
  ['POST', '/_snapshot/ro/_cleanup'],
  ['POST', '/_snapshot/r/_cleanup?odd=1'],
  ['PUT', '/_snapshot/r/a/_clone/b', { indices: 'x' }],
  ['GET', '/_snapshot/r/b'],
  ['GET', '/_snapshot/r/b/_status'],
  ['PUT', '/_snapshot/r/a/_clone/b', { indices: 'x' }],
  ['PUT', '/_snapshot/r/a/_clone/a', { indices: 'x' }],
  ['PUT', '/_snapshot/r/none/_clone/d', { indices: 'x' }],
  ['PUT', '/_snapshot/r/a*/_clone/d', { indices: 'x' }],
  ['PUT', '/_snapshot/none/a/_clone/d', { indices: 'x' }],
  ['PUT', '/_snapshot/ro/a/_clone/d', { indices: 'x' }],
  ['PUT', '/_snapshot/r/a/_clone/Bad', { indices: 'x' }],
  ['PUT', '/_snapshot/r/a/_clone/_bad', { indices: 'x' }],
  ['PUT', '/_snapshot/r/a/_clone/d', { indices: 'missing' }],
  ['PUT', '/_snapshot/r/a/_clone/d', { indices: 'miss*' }],
  ['PUT', '/_snapshot/r/a/_clone/d', { indices: 'missing', ignore_unavailable: true }],
  ['PUT', '/_snapshot/r/a/_clone/d', {}],
  ['PUT', '/_snapshot/r/a/_clone/d', { indices: [] }],
  ['PUT', '/_snapshot/r/a/_clone/d'],
  ['PUT', '/_snapshot/r/a/_clone/e', { indices: ['*', '-y'] }],
  ['GET', '/_snapshot/r/e'],
];

describe.each(enginesTriedInFull().filter(({ name }) => name !== 'elasticsearch-7.10'))(
  '$name',
  ({ name, missing }) => {
    const run = missing === undefined ? it : it.skip;
    const isElasticsearch = name.startsWith('elasticsearch');
    const dataDir = mkdtempSync(path.join(tmpdir(), 'snapkeep-repository-calls-'));
    let engine: Engine;
    let snapkeep: RunningSnapkeep;

    const native = async (method: string, target: string, body?: object): Promise<Said> => {
      const response = await fetch(engine.url + target, {
        method,
        headers: body === undefined ? {} : { 'content-type': 'application/json' },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      return { status: response.status, json: (await response.json()) as unknown };
    };
    const register = async (repository: string, more: object = {}): Promise<void> => {
      const location = path.join(engine.pathRepo, 'r');
      await native('PUT', `/_snapshot/${repository}`, { type: 'fs', settings: { location, ...more } });
      const settings = { ...snapkeep.ossSettings('r'), ...more };
      await snapkeep.call('PUT', `/_snapshot/${repository}`, { type: 'oss', settings });
    };
    /** A clone that the engine has acknowledged is made in the background. */
    const settled = async (said: Said, [method, target]: Call): Promise<Said> => {
      if (method !== 'PUT' || said.status !== 200) return said;
      const clone = target.replace(/\/[^/]+\/_clone/, '');
      for (;;) {
        const { json } = await native('GET', clone);
        if (json.snapshots?.[0]?.state === 'SUCCESS') return said;
      }
    };

    beforeAll(async () => {
      if (missing !== undefined) return;
      engine = await startEngine(name, { dataDir });
      snapkeep = await startSnapkeep({ clusterUrl: engine.url });
      for (const index of ['x', 'y']) await native('PUT', `/${index}/_doc/1?refresh=true`, { index });
      await register('r');
      await register('ro', { readonly: true });
      for (const call of [native, snapkeep.call]) await call('PUT', '/_snapshot/r/a?wait_for_completion=true', {});
    }, 300_000);

    afterAll(async () => {
      await snapkeep?.stop();
      await engine?.stop();
      rmSync(dataDir, { recursive: true, force: true });
    });

    run(
      'Snapkeep answers each call as the engine does',
      async () => {
        for (const call of CALLS) {
          const [method, target, body] = call;
          const own = await settled(await native(method, target, body), call);
          const ours = await snapkeep.call(method, target, body);
          expect({ call, ...outcome(ours) }).toEqual({ call, ...outcome(own) });
        }
      },
      120_000,
    );

    run('a repository has the uuid of its place where the engine has one', async () => {
      const uuids = async (call: typeof native): Promise<unknown[]> =>
        Promise.all(['r', 'ro'].map(async (one) => (await call('GET', `/_snapshot/${one}`)).json[one].uuid as unknown));
      const [r, ro] = await uuids(snapkeep.call);
      expect(r).toMatch(/^[\w-]{22}$/);
      expect(ro).toBe(r);
      const own = await uuids(native);
      expect(own[0]).toEqual(isElasticsearch ? expect.stringMatching(/^[\w-]{22}$/) : undefined);
      expect(own[1]).toBe(own[0]);
    });

    run('one snapshot more than a repository may hold is refused where the engine refuses it', async () => {
      await register('r', { max_number_of_snapshots: 1 });
      const target = '/_snapshot/r/over?wait_for_completion=true';
      const ours = await snapkeep.call('PUT', target, { indices: 'x' });
      expect(ours).toMatchObject({ status: 500, json: { error: { type: 'snapshot_exception' } } });
      const own = await native('PUT', target, { indices: 'x' });
      expect({ status: own.status, type: own.json.error?.type as unknown }).toEqual(
        isElasticsearch ? { status: 500, type: 'snapshot_exception' } : { status: 200, type: undefined },
      );
      // In the same words, apart from the count of clones.
      const told = /Cannot add another snapshot to this repository as it already contains \[\d+\] snapshots/;
      expect(ours.json.error.reason).toMatch(told);
      if (isElasticsearch) expect(own.json.error.caused_by.reason).toMatch(told);
    });
  },
);

/** The status, and of an error its type, else what is there for a client to read. */
function outcome({ status, json }: Said): object {
  if (json.error !== undefined) return { status, type: json.error.type as unknown };
  const [snapshot] = json.snapshots ?? [];
  if (json.nodes !== undefined) {
    const shapes = Object.values(json.nodes as object).map((node: object) => Object.keys(node).join(','));
    return { status, nodes: [...new Set(shapes)] };
  }
  if (snapshot === undefined) return { status, json: json as unknown };
  const { state, indices, metadata, stats } = snapshot;
  return {
    status,
    state: state as unknown,
    indices: Array.isArray(indices) ? (indices as unknown) : Object.keys(indices as object),
    metadata: metadata as unknown,
    incremental: stats?.incremental as unknown,
  };
}
