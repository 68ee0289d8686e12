/** Names of the objects (FORMAT.md, "Keys"). All keys are built here, from checked parts. */
import { randomBytes, randomInt } from 'node:crypto';
import { SnapkeepError } from '../../contracts/errors';
import { type Codec } from '../../documents/codec';

const UUID = /^[A-Za-z0-9_-]{1,64}$/;
const ATTEMPT = /^[a-z0-9]{8}$/;
const ROOT = /^snapkeep-root-([1-9]\d{0,14})$/;
/** Keys that references may hold. */
const DATA_KEY = /^snapkeep-snapshots\/[A-Za-z0-9_-]{1,64}\/(?:[A-Za-z0-9_-]{1,64}\/\d{1,6}\/)?[A-Za-z0-9._+-]{1,120}$/;

const FOLDER = /^snapkeep-snapshots\/[A-Za-z0-9_-]{1,64}\/([A-Za-z0-9_-]{1,64}\/(?:0|[1-9]\d{0,5}))\/[^/]+$/;
const SNAPSHOT_MANIFEST = /^snapkeep-snapshots\/[^/]+\/snapshot\.[a-z0-9]{8}\.json(?:\.gz)?$/;
const SHARD_MANIFEST = /\/shard\.[a-z0-9]{8}\.json(?:\.gz)?$/;

/** Every root's key starts so. */
export const ROOT_PREFIX = 'snapkeep-root-';
/** Everything that snapshots write lies under this prefix. */
export const SNAPSHOTS_PREFIX = 'snapkeep-snapshots/';
/** What a verification writes, and deletes again, begins so. */
export const VERIFY_PREFIX = 'snapkeep-verify-';

const ENDINGS: Record<Codec, string> = { zstd: '.zst', gzip: '.gz', plain: '' };

/** Where the objects of one shard go. */
export interface ShardPlace {
  readonly snapshotUuid: string;
  readonly indexUuid: string;
  readonly shard: number;
}

/** A new snapshot's UUID: 22 characters of base64url. */
export function newSnapshotUuid(): string {
  return randomBytes(16).toString('base64url');
}

/** A token for one try of a step: what it writes, no other try ever writes. */
export function newAttempt(): string {
  let attempt = '';
  while (attempt.length < 8) attempt += '0123456789abcdefghijklmnopqrstuvwxyz'[randomInt(36)];
  return attempt;
}

/** Key of a verification's marker; `token` is `[A-Za-z0-9_-]+`. */
export function verifyKey(token: string): string {
  return `${VERIFY_PREFIX}${checked(token, UUID, 'token of a verification')}`;
}

export function rootKey(generation: number): string {
  return `${ROOT_PREFIX}${generation}`;
}

/** The generation of a root's key; undefined for any other key. */
export function parseRootKey(key: string): number | undefined {
  const match = ROOT.exec(key);
  return match === null ? undefined : Number(match[1]);
}

/** Prefix of everything a snapshot writes, `/` at its end. */
export function snapshotPrefix(uuid: string): string {
  return `${SNAPSHOTS_PREFIX}${checked(uuid, UUID, 'snapshot uuid')}/`;
}

/** UUID of the snapshot that wrote the object; undefined for a key outside of {@link SNAPSHOTS_PREFIX}. */
export function writerOf(key: string): string | undefined {
  const parts = key.split('/');
  return parts.length > 2 && `${parts[0]}/` === SNAPSHOTS_PREFIX ? parts[1] : undefined;
}

/** Key of a snapshot manifest, without the ending that says whether it is compressed. */
export function snapshotManifestName(uuid: string, attempt: string): string {
  return `${snapshotPrefix(uuid)}snapshot.${checked(attempt, ATTEMPT, 'attempt')}.json`;
}

/** Key of a running job's own note, such as its plan; `name` is `[a-z0-9-]+`. Gone at the latest when the job is over. */
export function jobNoteName(uuid: string, name: string, attempt: string): string {
  checked(name, /^[a-z0-9-]{1,60}$/, 'name of a note');
  return `${snapshotPrefix(uuid)}${name}.${checked(attempt, ATTEMPT, 'attempt')}.part.json`;
}

/** Key of a shard manifest, without the ending that says whether it is compressed. */
export function shardManifestName(place: ShardPlace, attempt: string): string {
  return `${shardPrefix(place)}shard.${checked(attempt, ATTEMPT, 'attempt')}.json`;
}

/** Key of a segment; `part` counts from 1 where there are several. */
export function segmentKey(
  place: ShardPlace,
  range: { from: number; to: number },
  attempt: string,
  codec: Codec,
  part?: number,
): string {
  const key = `${shardPrefix(place)}${range.from}-${range.to}.${checked(attempt, ATTEMPT, 'attempt')}.bulk${ENDINGS[codec]}`;
  return part === undefined ? key : `${key}.part${part}`;
}

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** Whether a reference may name this key. */
export function isDataKey(key: string): boolean {
  return DATA_KEY.test(key);
}

/** Whether it is the key of a snapshot manifest. */
export function isManifestKey(key: string): boolean {
  return isDataKey(key) && SNAPSHOT_MANIFEST.test(key);
}

/** Whether it is the key of a shard manifest. */
export function isShardManifestKey(key: string): boolean {
  return isDataKey(key) && shardFolderOf(key) !== undefined && SHARD_MANIFEST.test(key);
}

/** `<index uuid>/<shard>` of an object of a shard, whichever snapshot wrote it; undefined for any other key. */
export function shardFolderOf(key: string): string | undefined {
  return FOLDER.exec(key)?.[1];
}

function shardPrefix(place: ShardPlace): string {
  if (!Number.isInteger(place.shard) || place.shard < 0) {
    throw new SnapkeepError('illegal_argument_exception', `shard [${place.shard}] is no shard number`);
  }
  return `${snapshotPrefix(place.snapshotUuid)}${checked(place.indexUuid, UUID, 'index uuid')}/${place.shard}/`;
}

function checked(value: string, form: RegExp, what: string): string {
  if (form.test(value)) return value;
  throw new SnapkeepError('illegal_argument_exception', `[${value}] is no ${what}`);
}
