/**
 * The official JavaScript clients, with the engine as their node and with Snapkeep: every call ends the same way, and
 * Snapkeep's answer has every member of the engine's.
 */
import { type ClientCall, clientFor, type ClientOutcome } from '../support/client-calls';
import { type EngineName, enginesTriedInFull } from '../support/engines';
import { shapeOf, type SideBySide, startSideBySide } from '../support/side-by-side';

const REPOSITORY = { repository: 'rep' };
const ONE = { ...REPOSITORY, snapshot: 'one' };

/** In this order. `restored-…` stands for an index that the side itself has restored, under a name of its own. */
const CALLS: readonly (readonly [method: string, parameters: Readonly<Record<string, unknown>>])[] = [
  ['snapshot.createRepository', { ...REPOSITORY, type: 'fs', settings: { location: 'rep' } }],
  ['snapshot.createRepository', { ...REPOSITORY, type: 'fs', settings: { location: 'rep' }, verify: false }],
  ['snapshot.getRepository', {}],
  ['snapshot.getRepository', REPOSITORY],
  ['snapshot.getRepository', { repository: 'missing' }],
  ['snapshot.verifyRepository', REPOSITORY],
  ['snapshot.verifyRepository', { repository: 'missing' }],
  ['snapshot.cleanupRepository', REPOSITORY],
  ['snapshot.create', { ...ONE, indices: 'alpha,beta', include_global_state: false, wait_for_completion: true }],
  ['snapshot.create', { ...ONE, indices: 'alpha', include_global_state: false }],
  ['snapshot.create', { ...ONE, snapshot: 'UPPER', indices: 'alpha' }],
  ['snapshot.create', { ...ONE, snapshot: 'none', indices: 'missing' }],
  ['snapshot.create', { ...ONE, repository: 'missing' }],
  [
    'snapshot.create',
    {
      ...ONE,
      snapshot: 'two',
      indices: 'alpha,missing',
      ignore_unavailable: true,
      include_global_state: false,
      metadata: { taken_by: 'a test' },
      wait_for_completion: true,
    },
  ],
  ['snapshot.get', ONE],
  ['snapshot.get', { ...REPOSITORY, snapshot: '_all' }],
  ['snapshot.get', { ...REPOSITORY, snapshot: 'o*', verbose: false }],
  ['snapshot.get', { ...REPOSITORY, snapshot: 'one,missing', ignore_unavailable: true }],
  ['snapshot.get', { ...REPOSITORY, snapshot: 'missing' }],
  ['snapshot.get', { ...ONE, human: true }],
  ['snapshot.status', {}],
  ['snapshot.status', REPOSITORY],
  ['snapshot.status', ONE],
  ['snapshot.status', { ...ONE, human: true }],
  ['snapshot.status', { ...REPOSITORY, snapshot: 'missing' }],
  ['cat.repositories', { format: 'json' }],
  ['cat.repositories', { v: true }],
  ['cat.snapshots', { ...REPOSITORY, format: 'json' }],
  ['cat.snapshots', { ...REPOSITORY, format: 'json', h: 'id,status', s: 'id:desc' }],
  ['cat.snapshots', { help: true }],
  ['cat.recovery', { help: true }],
  ['cat.snapshots', { repository: 'missing', format: 'json' }],
  ['snapshot.restore', { ...ONE, indices: 'alpha', wait_for_completion: true }],
  ['snapshot.restore', { ...ONE, snapshot: 'missing' }],
  ['snapshot.restore', { ...ONE, indices: 'missing' }],
  [
    'snapshot.restore',
    {
      ...ONE,
      indices: 'alpha',
      rename_pattern: '(.+)',
      rename_replacement: 'restored-$1',
      include_aliases: false,
      wait_for_completion: true,
    },
  ],
  ['indices.recovery', { index: 'restored-alpha' }],
  ['indices.recovery', { index: 'restored-alpha', human: true }],
  ['indices.recovery', { index: 'restored-alpha', active_only: true }],
  ['indices.recovery', {}],
  ['indices.recovery', { index: 'missing' }],
  ['cat.recovery', { index: 'restored-alpha', format: 'json' }],
  ['cat.recovery', { format: 'json', bytes: 'b', time: 'ms', h: 'index,shard,stage,type,repository,snapshot' }],
  ['cat.recovery', { index: 'restored-alpha', h: 's,ty,st,rep,snap,fp,bp', v: true }],
  ['snapshot.clone', { ...ONE, target_snapshot: 'copy', indices: 'alpha' }],
  ['snapshot.clone', { ...ONE, target_snapshot: 'copy', indices: 'alpha' }],
  ['snapshot.clone', { ...ONE, snapshot: 'missing', target_snapshot: 'other', indices: 'alpha' }],
  ['snapshot.delete', { ...REPOSITORY, snapshot: 'copy' }],
  ['snapshot.delete', { ...REPOSITORY, snapshot: 'two' }],
  ['snapshot.delete', { ...REPOSITORY, snapshot: 'two' }],
  ['snapshot.deleteRepository', REPOSITORY],
  ['snapshot.deleteRepository', REPOSITORY],
];

/** Paths of a body at which the names of members are data. */
const isData = (path: string): boolean => /^$|\.indices$|\.shards$|\.nodes$/.test(path);
/** Names of nodes are data where the body names nothing else. */
const isNodes = (path: string): boolean => path === '.nodes';

/** Parts of bodies that must be equal: names, states and counts of shards. */
const FIXED = new Set([
  'snapshot',
  'repository',
  'state',
  'stage',
  'type',
  'reason',
  'acknowledged',
  'accepted',
  'metadata',
]);

function fixedOf(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((one) => fixedOf(one, `${path}[]`));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    FIXED.has(name) && (typeof member !== 'object' || name === 'metadata')
      ? [`${path}.${name} ${JSON.stringify(member)}`]
      : fixedOf(member, `${path}.${name}`),
  );
}

const ENGINES = enginesTriedInFull().filter(({ name }) => name !== 'elasticsearch-7.10');

for (const { name, title, missing } of ENGINES) {
  (missing === undefined ? describe : describe.skip)(`${title}${missing === undefined ? '' : ` (${missing})`}`, () => {
    let both: SideBySide;
    let native: ReturnType<typeof clientFor>;
    let own: ReturnType<typeof clientFor>;

    beforeAll(async () => {
      both = await startSideBySide(name as EngineName);
      native = clientFor(name, both.engine.url);
      own = clientFor(name, both.snapkeep.url);
      for (const index of ['alpha', 'beta']) {
        await both.snapkeep.call('PUT', `/${index}`, { settings: { number_of_replicas: 0 } });
        await both.snapkeep.call('PUT', `/${index}/_doc/1?refresh=true`, { n: 1 });
      }
    }, 300_000);

    afterAll(async () => {
      await Promise.all([native?.close(), own?.close()]);
      await both?.stop();
    });

    it('ends every call as the engine does, with every member of its answer', async () => {
      const differences: unknown[] = [];
      for (const [method, parameters] of CALLS) {
        const call: ClientCall = { method, parameters };
        const there = replaced(await native.call(replaced(call, 'restored', 'native')), 'native', 'restored');
        const here = replaced(await own.call(replaced(call, 'restored', 'itself')), 'itself', 'restored');
        const difference = differenceOf(call, there, here);
        if (difference !== undefined) differences.push({ method, parameters, ...difference });
      }
      expect(differences).toEqual([]);
    });
  });
}

/** Replaces the beginning of restored names. Both sides' are of one length, because tables are aligned by them. */
function replaced<Value>(value: Value, from: string, to: string): Value {
  return JSON.parse(JSON.stringify(value).replaceAll(`${from}-`, `${to}-`)) as Value;
}

function differenceOf(call: ClientCall, there: ClientOutcome, here: ClientOutcome): object | undefined {
  if (there.status !== here.status || there.error !== here.error) {
    return { native: [there.status, there.error], own: [here.status, here.error, here.body] };
  }
  if (typeof there.body === 'string')
    return there.body === here.body ? undefined : { native: there.body, own: here.body };
  const isNameOfData = call.method === 'snapshot.verifyRepository' ? isNodes : isData;
  const has = new Set(shapeOf(here.body, isNameOfData));
  const missing = shapeOf(there.body, isNameOfData).filter((path) => !has.has(path));
  const [fixedThere, fixedHere] = [fixedOf(there.body), fixedOf(here.body)];
  // Among all recoveries are those of the other side.
  const isOfAll = call.method.endsWith('recovery') && call.parameters.index === undefined;
  const isFixed = isOfAll || there.error !== undefined || fixedThere.every((one) => fixedHere.includes(one));
  return missing.length === 0 && isFixed ? undefined : { missing, native: fixedThere, own: fixedHere };
}
