/**
 * The differences between engines and versions, in one table. A new version that differs is one more row. A version
 * without a row has the dialect of the nearest older row.
 *
 * Facts that a cluster shows by itself are not in the table. Limits are learned from refused requests, unknown settings
 * and field types from refused indices, and the interface for points in time from a probe.
 */
import { type PointInTime, type PointInTimeRequests, POINTS_IN_TIME } from './point-in-time';

/** The differences that product and version decide. */
interface VersionDialect {
  /** Parameters to add to every search and to every opening of a point in time. */
  readonly searchParameters: Readonly<Record<string, boolean>>;
  /** Value of `_source` in a search by which no part of a document is left out. */
  readonly wholeSource: unknown;
  /** True if `index.disable_sequence_numbers` can be in force without being among an index's own settings. */
  readonly disablesSeqNosByDefault: boolean;
  /** Settings that the cluster accepts for a new index but that make the index unusable, each with the reason. */
  readonly harmfulSettings: readonly (readonly [name: string, reason: string])[];
}

/** The way in which one cluster is asked, as far as clusters differ. */
export interface Dialect extends VersionDialect {
  /** The interface for points in time; undefined if the cluster has none. */
  readonly pointInTime: PointInTimeRequests | undefined;
}

/** The facts of a cluster that decide its {@link Dialect}. */
export interface ClusterKind {
  /** `elasticsearch` or `opensearch`. */
  readonly product: string;
  /** `8.19.0`. */
  readonly version: string;
  readonly pit: PointInTime;
}

const COMMON: VersionDialect = {
  searchParameters: {},
  wholeSource: true,
  disablesSeqNosByDefault: false,
  harmfulSettings: [],
};

// Since 9.2, `_source` comes without vectors unless they are asked for.
const ELASTICSEARCH_9_2: VersionDialect = { ...COMMON, wholeSource: { exclude_vectors: false } };

/** Newest first within a product. */
const VERSIONS: readonly (readonly [product: string, major: number, minor: number, dialect: VersionDialect])[] = [
  // Since 9.4, some kinds of index keep no sequence numbers.
  ['elasticsearch', 9, 4, { ...ELASTICSEARCH_9_2, disablesSeqNosByDefault: true }],
  ['elasticsearch', 9, 2, ELASTICSEARCH_9_2],
  // Frozen indices exist in 7 only; later versions warn about the parameter or reject it.
  ['elasticsearch', 8, 0, COMMON],
  ['elasticsearch', 7, 0, { ...COMMON, searchParameters: { ignore_throttled: false } }],
  [
    'opensearch',
    0,
    0,
    {
      ...COMMON,
      // OpenSearch takes the setting for the name of a node attribute that no node has, and allocates no shard.
      harmfulSettings: [['index.routing.allocation.include._tier_preference', 'data tiers are not known here']],
    },
  ],
];

/** Returns the dialect of a cluster. An unknown product or version gets what all versions have in common. */
export function dialectOf({ product, version, pit }: ClusterKind): Dialect {
  const row = VERSIONS.find(([name, major, minor]) => name === product && isAtLeast(version, major, minor));
  return { ...(row?.[3] ?? COMMON), pointInTime: pit === 'none' ? undefined : POINTS_IN_TIME[pit] };
}

/** Returns whether a version such as `8.19.0` is `major.minor` or newer. */
export function isAtLeast(version: string, major: number, minor: number): boolean {
  const [a = 0, b = 0] = version.split('.').map((part) => Number.parseInt(part, 10) || 0);
  return a > major || (a === major && b >= minor);
}
