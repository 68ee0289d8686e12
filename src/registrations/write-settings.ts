/** The settings that a repository takes whatever store it lies in. Names are those of Elasticsearch. */
import { type GivenSettings, settingsInvalid } from '../blobs/contract/given-settings';
import { type StoreLimits } from '../blobs/open-blob-store';
import { parseBoolean, parseByteSize } from '../elasticsearch/values';

/** Says how a repository is written. Rates are those of one worker. */
export interface WriteSettings extends StoreLimits {
  /** Largest object in bytes; a segment that would exceed it is written as parts. */
  readonly chunkSizeBytes: number;
  /** `false` stores segments and metadata plain. */
  readonly compress: boolean;
  /** Most snapshots that the repository may hold; one more is refused. */
  readonly maxSnapshots: number;
}

/** Names of the settings that {@link parseWriteSettings} reads. */
export const WRITE_SETTINGS: readonly string[] = [
  'chunk_size',
  'compress',
  'max_number_of_snapshots',
  'max_snapshot_bytes_per_sec',
  'max_restore_bytes_per_sec',
  'readonly',
];

const MEGABYTE = 1024 * 1024;
/** Default and maximum are 1 GB, as in the Alibaba plugin. The minimum keeps the number of objects below millions. */
const CHUNK_SIZE = { min: MEGABYTE, max: 1024 * MEGABYTE } as const;

/** Default and maximum, as in Elasticsearch: Java's largest `int`. */
const MAX_SNAPSHOTS = 2 ** 31 - 1;

/**
 * Parses the settings that say how a repository is written.
 *
 * Throws `illegal_argument_exception` when a value can't be parsed, and `repository_settings_invalid` when `chunk_size`
 * or `max_number_of_snapshots` is out of range.
 */
export function parseWriteSettings(given: GivenSettings): WriteSettings {
  return {
    chunkSizeBytes: parseChunkSize(given.get('chunk_size')),
    compress: parseBoolean('compress', given.get('compress') ?? 'true'),
    maxSnapshots: parseMaxSnapshots(given.get('max_number_of_snapshots')),
    maxSnapshotBytesPerSec: parseRate('max_snapshot_bytes_per_sec', given),
    maxRestoreBytesPerSec: parseRate('max_restore_bytes_per_sec', given),
    readonly: parseBoolean('readonly', given.get('readonly') ?? 'false'),
  };
}

function parseChunkSize(value: string | undefined): number {
  if (value === undefined) return CHUNK_SIZE.max;
  const bytes = parseByteSize('chunk_size', value);
  if (bytes >= CHUNK_SIZE.min && bytes <= CHUNK_SIZE.max) return bytes;
  throw settingsInvalid(`failed to parse value [${value}] for setting [chunk_size], must be >= [1mb] and <= [1gb]`);
}

function parseMaxSnapshots(value: string | undefined): number {
  if (value === undefined) return MAX_SNAPSHOTS;
  const limit = /^\+?\d{1,10}$/.test(value) ? Number(value) : undefined;
  if (limit === undefined || limit > MAX_SNAPSHOTS) {
    throw settingsInvalid(`Failed to parse value [${value}] for setting [max_number_of_snapshots]`);
  }
  if (limit >= 1) return limit;
  throw settingsInvalid(`Failed to parse value [${value}] for setting [max_number_of_snapshots] must be >= 1`);
}

function parseRate(name: string, given: GivenSettings): number | undefined {
  const value = given.get(name);
  const bytes = value === undefined ? 0 : parseByteSize(name, value);
  // As in Elasticsearch, 0 switches a throttle off.
  return bytes === 0 ? undefined : bytes;
}
