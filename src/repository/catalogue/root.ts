/**
 * Changes of the root, as pure functions (FORMAT.md, "Root"). Each is idempotent: a second application changes nothing.
 */
import { isDeepStrictEqual } from 'node:util';
import { SnapkeepError } from '../../contracts/errors';
import { type ObjectRef } from '../../contracts/stored';
import {
  type Building,
  BUILDING_MS,
  FORMAT_VERSION,
  type RemovedEntry,
  type Root,
  type RootEntry,
  type RootIndex,
  type SnapshotManifest,
} from '../format/format';
import { countRuns, decodeRuns, eachRun, encodeRuns } from '../format/number-runs';

/** Length of `rolledBack` and of `swept` in a root: more snapshots than are taken while a zombie can still commit. */
const REMEMBERED = 1000;

/** The root of a repository that has no root object yet. */
export const EMPTY_ROOT: Root = {
  format: FORMAT_VERSION,
  generation: 0,
  uuid: '',
  indices: [],
  snapshots: [],
  removed: [],
  rolledBack: [],
  building: [],
  swept: [],
};

/** Decodes runs whose count is not recorded elsewhere. Throws `repository_corrupt`. */
export function ordinals(runs: string): Float64Array {
  return decodeRuns(runs, countRuns(runs));
}

/** Visits the numbers of runs one by one, without memory for a list of them. Throws `repository_corrupt`. */
export function eachOrdinal(runs: string, visit: (ordinal: number) => void): void {
  eachRun(runs, (start, length) => {
    for (let k = 0; k < length; k++) visit(start + k);
  });
}

/** Returns the indices that the snapshot names, in the root's order. Throws `repository_corrupt`. */
export function indicesOf(root: Root, entry: RootEntry): RootIndex[] {
  return Array.from(ordinals(entry.indices), (ordinal) => indexAt(root, ordinal));
}

/** Returns the entry of the snapshot with this name; undefined if there is none. */
export function findSnapshot(root: Root, name: string): RootEntry | undefined {
  return root.snapshots.find((entry) => entry.snapshot === name);
}

/** Returns the entry of the snapshot with this UUID; undefined if there is none. */
export function findSnapshotByUuid(root: Root, uuid: string): RootEntry | undefined {
  return root.snapshots.find((entry) => entry.uuid === uuid);
}

/** Returns whether a snapshot with this UUID was committed, even if it was deleted since. */
export function wasCommitted(root: Root, uuid: string): boolean {
  const isIt = (entry: { uuid: string }): boolean => entry.uuid === uuid;
  return root.snapshots.some(isIt) || root.removed.some(isIt) || root.swept.includes(uuid);
}

/**
 * Adds a snapshot: last, or directly behind its source if it is a clone. Returns the next root, or the root itself if
 * that lists the snapshot already. The caller checks the base rule.
 *
 * Throws `snapshot_name_already_in_use_exception`; `concurrent_snapshot_execution_exception` if the snapshot was rolled
 * back before; `snapshot_aborted` if it was committed and deleted before; `snapshot_missing_exception` if the clone's
 * source is deleted.
 */
export function addSnapshot(root: Root, manifest: SnapshotManifest, ref: ObjectRef, cloneOf?: string): Root {
  if (findSnapshotByUuid(root, manifest.uuid) !== undefined) return root;
  if (root.rolledBack.includes(manifest.uuid)) {
    throw new SnapkeepError(
      'concurrent_snapshot_execution_exception',
      `snapshot [${manifest.snapshot}] was cancelled and rolled back: it can't be committed any more`,
    );
  }
  if (wasCommitted(root, manifest.uuid)) {
    throw new SnapkeepError(
      'snapshot_aborted',
      `snapshot [${manifest.snapshot}] was deleted as soon as it was there: it can't be committed again`,
    );
  }
  if (findSnapshot(root, manifest.snapshot) !== undefined) {
    throw new SnapkeepError(
      'snapshot_name_already_in_use_exception',
      `snapshot with the name [${manifest.snapshot}] exists already`,
    );
  }
  const generation = root.generation + 1;
  let order = generation;
  let place = root.snapshots.length;
  if (cloneOf !== undefined) {
    const source = findSnapshotByUuid(root, cloneOf);
    if (source === undefined) {
      throw new SnapkeepError('snapshot_missing_exception', 'the snapshot to clone was deleted', {
        details: { uuid: cloneOf },
      });
    }
    order = source.order;
    place = root.snapshots.indexOf(source) + 1;
  }
  const indices = [...root.indices];
  const known = new Map(indices.map(({ uuid }, ordinal) => [uuid, ordinal]));
  const all: number[] = [];
  const dataless: number[] = [];
  for (const { name, uuid, shards } of manifest.indices) {
    const ordinal = known.get(uuid) ?? indices.push({ name, uuid }) - 1;
    all.push(ordinal);
    if (shards.every((shard) => shard === null)) dataless.push(ordinal);
  }
  const shards = manifest.indices.flatMap((index) => index.shards);
  const entry: RootEntry = {
    snapshot: manifest.snapshot,
    uuid: manifest.uuid,
    order,
    state: manifest.state,
    startMillis: manifest.startMillis,
    endMillis: manifest.endMillis,
    indices: encodeRuns(all.sort(ascending)),
    dataless: encodeRuns(dataless.sort(ascending)),
    shards: { total: shards.length, failed: shards.filter((shard) => shard === null).length },
    documents: manifest.totals.documents,
    bytes: manifest.totals.bytes,
    addedBytes: manifest.totals.addedBytes,
    version: manifest.cluster.version,
    includeGlobalState: manifest.includeGlobalState,
    ...(manifest.metadata === undefined ? {} : { metadata: manifest.metadata }),
    ...(manifest.dataStreams === undefined ? {} : { dataStreams: manifest.dataStreams.map(({ name }) => name) }),
    ...(manifest.globalState === undefined ? {} : { globalState: manifest.globalState.key }),
    manifest: ref,
  };
  const building = withoutBuilding(root, [manifest.uuid]);
  return { ...root, generation, indices, building, snapshots: root.snapshots.toSpliced(place, 0, entry) };
}

/**
 * Lists what a running snapshot builds on, so that no installation marks those snapshots. Returns the next root, or the
 * root itself if it says so already. Throws `base_changed` if one of them is marked or swept already, or if the running
 * snapshot was rolled back.
 */
export function withBuilt(root: Root, built: Building): Root {
  const held = new Set(
    [...root.snapshots, ...root.removed.filter(({ sweeping }) => !sweeping)].map(({ uuid }) => uuid),
  );
  if (root.rolledBack.includes(built.uuid) || !built.reads.every((uuid) => held.has(uuid))) {
    throw new SnapkeepError(
      'base_changed',
      'what the snapshot was planned on is being swept: it has to be planned again',
    );
  }
  const known = root.building.find(({ uuid }) => uuid === built.uuid);
  if (known !== undefined && isDeepStrictEqual(known.reads, built.reads)) return root;
  const building = [...withoutBuilding(root, [built.uuid]), built];
  return { ...root, generation: root.generation + 1, building };
}

/** Returns the entries of `building` that count at a time, ms since the epoch. */
export function builtNow(root: Root, nowMillis: number): Building[] {
  return root.building.filter(({ sinceMillis }) => sinceMillis > nowMillis - BUILDING_MS);
}

function withoutBuilding(root: Root, uuids: readonly string[]): Building[] {
  return root.building.filter(({ uuid }) => !uuids.includes(uuid));
}

/** Returns the keys of the global states that snapshots may share: those of all that is not `sweeping`. */
export function heldStates(root: Root): Set<string> {
  const held = [...root.snapshots, ...root.removed.filter(({ sweeping }) => !sweeping)];
  return new Set(held.flatMap(({ globalState }) => globalState ?? []));
}

/** Moves the snapshots to `removed`. Returns the next root, or the root itself if it lists none of the snapshots. */
export function withRemoved(root: Root, uuids: ReadonlySet<string>, nowMillis: number): Root {
  const moving = root.snapshots.filter((entry) => uuids.has(entry.uuid));
  if (moving.length === 0) return root;
  const generation = root.generation + 1;
  const entries = moving.map(({ snapshot, uuid, order, indices, dataless, globalState, manifest }): RemovedEntry => {
    const removal = { removedMillis: nowMillis, removedGeneration: generation, sweeping: false };
    const state = globalState === undefined ? {} : { globalState };
    return { snapshot, uuid, order, indices, dataless, ...state, manifest, ...removal };
  });
  return {
    ...root,
    generation,
    snapshots: root.snapshots.filter((entry) => !uuids.has(entry.uuid)),
    removed: [...root.removed, ...entries].sort((a, b) => a.order - b.order),
  };
}

/**
 * Marks removed snapshots as `sweeping`, so that no snapshot may build on them any more. Spares those in use, those
 * that an entry of `building` reads, and those that were removed after the generation `through`. Returns the next root,
 * or the root itself if there is none to mark.
 */
export function withSweeping(
  root: Root,
  inUse: ReadonlySet<string>,
  { through = Infinity, nowMillis = Date.now() }: { through?: number; nowMillis?: number } = {},
): Root {
  const building = builtNow(root, nowMillis);
  const spared = new Set([...inUse, ...building.flatMap(({ reads }) => reads)]);
  const isDue = ({ sweeping, uuid, removedGeneration }: RemovedEntry): boolean =>
    !sweeping && !spared.has(uuid) && removedGeneration <= through;
  if (!root.removed.some(isDue)) return root;
  const removed = root.removed.map((entry) => (isDue(entry) ? { ...entry, sweeping: true } : entry));
  return { ...root, generation: root.generation + 1, building, removed };
}

/** Forgets snapshots that were swept. Returns the next root, or the root itself if it has none of them. */
export function withoutSwept(root: Root, uuids: ReadonlySet<string>): Root {
  const isSwept = (entry: RemovedEntry): boolean => entry.sweeping && uuids.has(entry.uuid);
  const swept = root.removed.filter(isSwept).map(({ uuid }) => uuid);
  if (swept.length === 0) return root;
  return withoutUnusedIndices({
    ...root,
    generation: root.generation + 1,
    removed: root.removed.filter((entry) => !isSwept(entry)),
    swept: [...root.swept, ...swept].slice(-REMEMBERED),
  });
}

/**
 * Lists snapshots as rolled back, so that none of them can be committed any more. Returns the next root, or the root
 * itself if it says so of all of them already, or they were committed.
 */
export function withRolledBack(root: Root, uuids: readonly string[]): Root {
  const open = uuids.filter((uuid) => !root.rolledBack.includes(uuid) && !wasCommitted(root, uuid));
  const building = withoutBuilding(root, uuids);
  if (open.length === 0 && building.length === root.building.length) return root;
  const rolledBack = [...root.rolledBack, ...open].slice(-REMEMBERED);
  return { ...root, generation: root.generation + 1, building, rolledBack };
}

/** Drops the indices that no snapshot names any more, and numbers the others again. */
function withoutUnusedIndices(root: Root): Root {
  const used = new Set<number>();
  for (const { indices } of [...root.snapshots, ...root.removed]) {
    eachOrdinal(indices, (ordinal) => used.add(ordinal));
  }
  if (used.size === root.indices.length) return root;
  const next = new Map<number, number>();
  const indices = root.indices.filter((_, ordinal) => used.has(ordinal) && next.set(ordinal, next.size));
  const renumber = (runs: string) => encodeRuns(Array.from(ordinals(runs), (ordinal) => next.get(ordinal)!));
  const renumbered = <T extends { indices: string; dataless: string }>(entry: T): T => ({
    ...entry,
    indices: renumber(entry.indices),
    dataless: renumber(entry.dataless),
  });
  return { ...root, indices, snapshots: root.snapshots.map(renumbered), removed: root.removed.map(renumbered) };
}

function indexAt(root: Root, ordinal: number): RootIndex {
  const index = root.indices[ordinal];
  if (index !== undefined) return index;
  throw new SnapkeepError(
    'repository_corrupt',
    `the root names index number [${ordinal}], but lists ${root.indices.length}`,
  );
}

function ascending(a: number, b: number): number {
  return a - b;
}
