/** Plans a restore: which index of a snapshot becomes which index of the cluster. Changes nothing. */
import { setImmediate as turn } from 'node:timers/promises';
import { restoreRefused } from '../contracts/common-errors';
import { type DataStream } from '../contracts/data-stream';
import { SnapkeepError } from '../contracts/errors';
import {
  type IndexRequest,
  type IndexRestore,
  type RestoreGroup,
  type RestoreRequest,
  type RestoreTotals,
} from '../contracts/jobs/restore';
import { javaRename } from '../elasticsearch/java-rename';
import { selectIndices } from '../elasticsearch/name-lists';
import { type IndexEntry, type SnapshotManifest } from '../repository/format/format';

/** Time of renaming after which other work of the process gets its turn, ms. */
const TURN_MS = 20;
/** The most that one child workflow restores: indices, shards, stored bytes. */
const GROUP_INDICES = 50;
const GROUP_SHARDS = 200;
const GROUP_BYTES = 4 * 1024 * 1024 * 1024;

/**
 * Plans a restore. `where` is `repository:snapshot`, for messages.
 *
 * Throws `index_not_found_exception` for a name that the snapshot does not hold, `snapshot_restore_exception` for an
 * index of which it holds only some shards (unless `partial`) and for two indices renamed into one.
 */
export async function planRestore(
  where: string,
  id: string,
  manifest: SnapshotManifest,
  request: RestoreRequest,
): Promise<IndexRestore[]> {
  const names = manifest.indices.map((index) => index.name);
  const streams = streamsOf(manifest);
  const all = [...names, ...streams.map(({ name }) => name)];
  const wanted = new Set(selectIndices(all, request.indices, request.ignoreUnavailable));
  const backing = new Set(wantedStreams(manifest, request).flatMap(({ indices }) => indices));
  const isWanted = (name: string): boolean => wanted.has(name) || backing.has(name);
  const ordinals = [...names.entries()].flatMap(([ordinal, name]) => (isWanted(name) ? [ordinal] : []));
  const plan = await planIndices(id, manifest, { ordinals, backing: ordinalsOf(manifest, backing) }, request);
  const sources = new Map<string, string>();
  for (const { ordinal, source, target } of plan) {
    if (entryOf(manifest, ordinal).shards.includes(null) && !request.partial) {
      throw restoreRefused(where, `index [${source}] wasn't fully snapshotted - cannot restore`, source);
    }
    const other = sources.get(target);
    if (other !== undefined) {
      throw restoreRefused(
        where,
        `indices [${source}] and [${other}] are renamed into the same index [${target}]`,
        target,
      );
    }
    sources.set(target, source);
  }
  return plan;
}

function streamsOf({ dataStreams = [] }: SnapshotManifest): readonly DataStream[] {
  return dataStreams;
}

function ordinalsOf({ indices }: SnapshotManifest, names: ReadonlySet<string>): number[] {
  return [...indices.entries()].flatMap(([ordinal, { name }]) => (names.has(name) ? [ordinal] : []));
}

/** Returns the data streams that the request stands for by their names. */
function wantedStreams(manifest: SnapshotManifest, request: RestoreRequest): DataStream[] {
  const streams = streamsOf(manifest);
  const names = streams.map(({ name }) => name);
  const wanted = new Set(selectIndices(names, request.indices, true));
  return streams.filter(({ name }) => wanted.has(name));
}

/** A data stream to restore. */
export interface StreamRestore {
  /** Its name in the cluster. */
  readonly target: string;
  /** Names of its backing indices in the cluster, the write index last. */
  readonly indices: readonly string[];
  readonly stream: DataStream;
}

/** Plans the data streams. Returns the same for the same manifest and request. */
export function planStreams(manifest: SnapshotManifest, request: RestoreRequest): StreamRestore[] {
  const rename = renaming(request);
  return wantedStreams(manifest, request).map((stream) => ({
    stream,
    target: rename(stream.name),
    indices: stream.indices.map((name) => renameBacking(rename, name)),
  }));
}

const BACKING_PREFIX = '.ds-';

/** Renames a backing index of a stream as Elasticsearch does: the prefix stays. */
function renameBacking(rename: (name: string) => string, name: string): string {
  return name.startsWith(BACKING_PREFIX) ? BACKING_PREFIX + rename(name.slice(BACKING_PREFIX.length)) : rename(name);
}

/** Plans the indices of some ordinals. Returns the same for the same manifest and request. */
export async function planIndices(
  id: string,
  manifest: SnapshotManifest,
  { ordinals, backing = [] }: Pick<RestoreGroup, 'ordinals' | 'backing'>,
  request: Pick<IndexRequest, 'renamePattern' | 'renameReplacement'>,
): Promise<IndexRestore[]> {
  const rename = renaming(request);
  const isBacking = new Set(backing);
  const plan: IndexRestore[] = [];
  let since = Date.now();
  for (const ordinal of ordinals) {
    const index = entryOf(manifest, ordinal);
    const target = isBacking.has(ordinal) ? renameBacking(rename, index.name) : rename(index.name);
    plan.push(planIndex(id, ordinal, index, target, isBacking.has(ordinal)));
    if (Date.now() - since > TURN_MS) {
      await turn();
      since = Date.now();
    }
  }
  return plan;
}

function renaming({
  renamePattern,
  renameReplacement,
}: Pick<IndexRequest, 'renamePattern' | 'renameReplacement'>): (name: string) => string {
  if (renamePattern === undefined || renameReplacement === undefined) return (name) => name;
  return javaRename(renamePattern, renameReplacement);
}

/** Returns the index of an ordinal. Throws `internal` when the snapshot has no such index. */
export function entryOf({ indices }: Pick<SnapshotManifest, 'indices'>, ordinal: number): IndexEntry {
  const entry = indices[ordinal];
  if (entry === undefined) throw new SnapkeepError('internal', `the snapshot has no index [${ordinal}]`);
  return entry;
}

function planIndex(id: string, ordinal: number, index: IndexEntry, target: string, isBacking: boolean): IndexRestore {
  const shards = index.shards.filter((shard) => shard !== null);
  const sum = (field: 'documents' | 'bytes' | 'objects'): number =>
    shards.reduce((all, shard) => all + shard.totals[field], 0);
  return {
    source: index.name,
    ordinal,
    target,
    alias: `.snapkeep-restore-${id}-${ordinal}`,
    shards: index.shards.length,
    documents: sum('documents'),
    bytes: sum('bytes'),
    objects: sum('objects'),
    ...(isBacking ? { backing: true as const } : {}),
  };
}

/** Sums the indices of a plan. */
export function totalsOf(plan: readonly IndexRestore[]): RestoreTotals {
  const sum = (field: 'shards' | 'documents' | 'bytes'): number => plan.reduce((all, index) => all + index[field], 0);
  return { indices: plan.length, shards: sum('shards'), documents: sum('documents'), bytes: sum('bytes') };
}

/**
 * Groups the indices for child workflows. Groups hold ordinals, so that the list stays small however long the names
 * are.
 */
export function groupsOf(plan: readonly IndexRestore[]): RestoreGroup[] {
  const groups: IndexRestore[][] = [];
  let bytes = 0;
  let shards = 0;
  for (const index of plan) {
    const last = groups.at(-1);
    bytes += index.bytes;
    shards += index.shards;
    if (last === undefined || last.length >= GROUP_INDICES || bytes > GROUP_BYTES || shards > GROUP_SHARDS) {
      groups.push([index]);
      ({ bytes, shards } = index);
    } else last.push(index);
  }
  return groups.map((indices) => ({
    ordinals: indices.map(({ ordinal }) => ordinal),
    ...backingOf(indices),
    label: indices.length === 1 ? indices[0]!.target : `${indices[0]!.target} and ${indices.length - 1} more`,
  }));
}

function backingOf(indices: readonly IndexRestore[]): Pick<RestoreGroup, 'backing'> {
  const backing = indices.filter((index) => index.backing === true).map(({ ordinal }) => ordinal);
  return backing.length === 0 ? {} : { backing };
}
