/** The two HTTP interfaces for points in time: Elasticsearch's (from 7.10, with x-pack) and OpenSearch's (from 2.4). */

/** The interface for points in time that a cluster has; a stored job plan names it. */
export type PointInTime = 'elasticsearch' | 'opensearch' | 'none';

/** A request, as far as the interfaces differ; `path` is encoded. */
interface PointInTimeRequest {
  readonly path: string;
  readonly query?: Readonly<Record<string, boolean>>;
  readonly body?: Readonly<Record<string, unknown>>;
}

/** One interface for points in time. */
export interface PointInTimeRequests {
  /** Builds the `POST` that opens a point in time of `index` (encoded). */
  open(index: string): PointInTimeRequest;
  /** Builds the `DELETE` that closes the point in time `id`. */
  close(id: string): PointInTimeRequest;
}

/** The requests of each interface. */
export const POINTS_IN_TIME: Readonly<Record<Exclude<PointInTime, 'none'>, PointInTimeRequests>> = {
  elasticsearch: {
    open: (index) => ({ path: `/${index}/_pit` }),
    close: (id) => ({ path: '/_pit', body: { id } }),
  },
  opensearch: {
    open: (index) => ({
      path: `/${index}/_search/point_in_time`,
      // By default OpenSearch opens a view that misses shards; Elasticsearch never does.
      query: { allow_partial_pit_creation: false },
    }),
    close: (id) => ({ path: '/_search/point_in_time', body: { pit_id: [id] } }),
  },
};
