/** Builds and parses the keys of objects (FORMAT.md, "Keys"). All keys are built here, from checked parts. */
import { randomBytes, randomInt } from 'node:crypto';
import { SnapkeepError } from '../../contracts/errors';
import { type Codec } from '../../documents/codec';

const UUID = /^[A-Za-z0-9_-]{1,64}$/;
const ATTEMPT = /^[a-z0-9]{8}$/;
const ROOT = /^snapkeep-root-([1-9]\d{0,14})$/;
/** Keys that a reference may name. */
const DATA_KEY = /^snapkeep-snapshots\/[A-Za-z0-9_-]{1,64}\/(?:[A-Za-z0-9_-]{1,64}\/\d{1,6}\/)?[A-Za-z0-9._+-]{1,120}$/;

const FOLDER = /^snapkeep-snapshots\/[A-Za-z0-9_-]{1,64}\/([A-Za-z0-9_-]{1,64}\/(?:0|[1-9]\d{0,5}))\/[^/]+$/;
const SNAPSHOT_MANIFEST = /^snapkeep-snapshots\/[^/]+\/snapshot\.[a-z0-9]{8}\.json(?:\.gz)?$/;
const GLOBAL_STATE = /^snapkeep-snapshots\/[^/]+\/(state\.[0-9a-f]{64}\.json(?:\.gz)?)$/;
const SHARD_MANIFEST = /\/shard\.[a-z0-9]{8}\.json(?:\.gz)?$/;

/** Prefix of the key of every root. */
export const ROOT_PREFIX = 'snapkeep-root-';
/** Prefix of all objects that snapshots write. */
export const SNAPSHOTS_PREFIX = 'snapkeep-snapshots/';
/** Prefix of the markers that a verification writes and deletes again. */
export const VERIFY_PREFIX = 'snapkeep-verify-';

const ENDINGS: Record<Codec, string> = { zstd: '.zst', gzip: '.gz', plain: '' };

/** Identifies the folder of the objects that a snapshot writes of one shard. */
export interface ShardPlace {
  readonly snapshotUuid: string;
  readonly indexUuid: string;
  readonly shard: number;
}

/** Returns a random UUID for a new snapshot: 22 characters of base64url. */
export function newSnapshotUuid(): string {
  return randomBytes(16).toString('base64url');
}

/** Returns a random token for one attempt of a step, so that no other attempt writes the same keys. */
export function newAttempt(): string {
  let attempt = '';
  while (attempt.length < 8) attempt += '0123456789abcdefghijklmnopqrstuvwxyz'[randomInt(36)];
  return attempt;
}

/** Returns the key of a verification's marker; `token` is `[A-Za-z0-9_-]+`. */
export function verifyKey(token: string): string {
  return `${VERIFY_PREFIX}${checked(token, UUID, 'token of a verification')}`;
}

/** Returns the key of the root of a generation. */
export function rootKey(generation: number): string {
  return `${ROOT_PREFIX}${generation}`;
}

/** Returns the generation of a root's key; undefined for any other key. */
export function parseRootKey(key: string): number | undefined {
  const match = ROOT.exec(key);
  return match === null ? undefined : Number(match[1]);
}

/** Returns the prefix of all objects that a snapshot writes, with a `/` at its end. */
export function snapshotPrefix(uuid: string): string {
  return `${SNAPSHOTS_PREFIX}${checked(uuid, UUID, 'snapshot uuid')}/`;
}

/** Returns the UUID of the snapshot that wrote the object; undefined for a key outside of {@link SNAPSHOTS_PREFIX}. */
export function writerOf(key: string): string | undefined {
  const parts = key.split('/');
  return parts.length > 2 && `${parts[0]}/` === SNAPSHOTS_PREFIX ? parts[1] : undefined;
}

/** Returns the key of a snapshot manifest, without the ending for compression. */
export function snapshotManifestName(uuid: string, attempt: string): string {
  return `${snapshotPrefix(uuid)}snapshot.${checked(attempt, ATTEMPT, 'attempt')}.json`;
}

/** Returns the key of a global state whose stored bytes have this SHA-256. */
export function globalStateKey(uuid: string, sha256: string, compressed: boolean): string {
  return `${snapshotPrefix(uuid)}state.${checked(sha256, /^[0-9a-f]{64}$/, 'SHA-256')}.json${compressed ? '.gz' : ''}`;
}

/** Returns the part of a global state's key that its content decides; undefined for any other key. */
export function globalStateName(key: string): string | undefined {
  return isDataKey(key) ? GLOBAL_STATE.exec(key)?.[1] : undefined;
}

/**
 * Returns the key of a running job's own note, such as its plan, without the ending for compression; `name` is
 * `[a-z0-9-]+`. Notes are deleted when the job ends at the latest.
 */
export function jobNoteName(uuid: string, name: string, attempt: string): string {
  checked(name, /^[a-z0-9-]{1,60}$/, 'name of a note');
  return `${snapshotPrefix(uuid)}${name}.${checked(attempt, ATTEMPT, 'attempt')}.part.json`;
}

/** Returns the key of a shard manifest, without the ending for compression. */
export function shardManifestName(place: ShardPlace, attempt: string): string {
  return `${shardPrefix(place)}shard.${checked(attempt, ATTEMPT, 'attempt')}.json`;
}

/** Returns the key of a segment in one object, or of its part number `part`, counted from 1. */
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

/** Returns the key of the numbers of a segment, without the ending for compression. */
export function segmentNumbersName(place: ShardPlace, range: { from: number; to: number }, attempt: string): string {
  return `${shardPrefix(place)}${range.from}-${range.to}.${checked(attempt, ATTEMPT, 'attempt')}.numbers.json`;
}

/** Returns whether the text has the form of a UUID in keys. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** Returns whether a reference may name this key. */
export function isDataKey(key: string): boolean {
  return DATA_KEY.test(key);
}

/** Returns whether this is the key of a snapshot manifest. */
export function isManifestKey(key: string): boolean {
  return isDataKey(key) && SNAPSHOT_MANIFEST.test(key);
}

/** Returns whether this is the key of a shard manifest. */
export function isShardManifestKey(key: string): boolean {
  return isDataKey(key) && shardFolderOf(key) !== undefined && SHARD_MANIFEST.test(key);
}

/** Returns `<index uuid>/<shard>` of the key of a shard's object; undefined for any other key. */
export function shardFolderOf(key: string): string | undefined {
  return FOLDER.exec(key)?.[1];
}

function shardPrefix(place: ShardPlace): string {
  if (!Number.isInteger(place.shard) || place.shard < 0) {
    throw new SnapkeepError('illegal_argument_exception', `[${place.shard}] is not a valid shard number`);
  }
  return `${snapshotPrefix(place.snapshotUuid)}${checked(place.indexUuid, UUID, 'index uuid')}/${place.shard}/`;
}

function checked(value: string, form: RegExp, what: string): string {
  if (form.test(value)) return value;
  throw new SnapkeepError('illegal_argument_exception', `[${value}] is not a valid ${what}`);
}
