/** The differences between engines in what they answer about snapshots, which Snapkeep's own answers follow. */
import { type ClusterKind, isAtLeast } from './dialect';

/** The facts of a cluster that decide its {@link AnswerDialect}. */
export type AnswerKind = Pick<ClusterKind, 'product' | 'version'>;

export interface AnswerDialect {
  /** Name of the product whose way of answering this is. */
  readonly product: 'elasticsearch' | 'opensearch';
  /** Content type of JSON. */
  readonly jsonType: string;
  /** Whether `_recovery` tells the bytes that a recovery from a peer took from a snapshot. */
  readonly tellsBytesFromSnapshots: boolean;
  /** Whether answers tell of searchable snapshots and of indices in remote stores. */
  readonly tellsRemoteStores: boolean;
  /** Whether `_cat/snapshots` has a column for the repository. */
  readonly listsRepositories: boolean;
  /** Whether sizes in `_cat/recovery` have units. */
  readonly sizesHaveUnits: boolean;
  /** Versions that the `compatible-with` parameter of a media type may name; empty: it is not looked at. */
  readonly compatibleVersions: readonly number[];
}

/** Returns how the cluster answers; a cluster of unknown kind counts as Elasticsearch 8. */
export function answersOf(kind: AnswerKind | undefined): AnswerDialect {
  const { product, version } = kind ?? { product: 'elasticsearch', version: '8.0.0' };
  const isOpenSearch = product === 'opensearch';
  const isSince8 = !isOpenSearch && isAtLeast(version, 8, 0);
  const major = Number.parseInt(version, 10);
  return {
    product: isOpenSearch ? 'opensearch' : 'elasticsearch',
    jsonType: isSince8 ? 'application/json' : 'application/json; charset=UTF-8',
    tellsBytesFromSnapshots: isSince8,
    tellsRemoteStores: isOpenSearch,
    listsRepositories: isSince8,
    sizesHaveUnits: isSince8 || isOpenSearch,
    compatibleVersions: isSince8 ? [major, major - 1] : [],
  };
}
