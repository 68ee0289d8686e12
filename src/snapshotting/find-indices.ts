import { type Cluster } from '../cluster/cluster';
import { type ClusterInfo } from '../cluster/facts/cluster-info';
import { type IndexMetadata } from '../cluster/facts/index-metadata';
import { Coalescer } from '../concurrency/coalescer';
import { untilAborted } from '../concurrency/on-abort';
import { type DataStream } from '../contracts/data-stream';
import { type GlobalState } from '../contracts/global-state';
import { type SnapshotRequest } from '../contracts/jobs/snapshot';
import { selectIndices } from '../elasticsearch/name-lists';

/** The indices that a snapshot is asked for, and the cluster that holds them, with its global state. */
export interface FoundIndices {
  readonly info: ClusterInfo;
  readonly indices: readonly IndexMetadata[];
  /** Data streams that were asked for by their names, with all their backing indices. */
  readonly dataStreams: readonly DataStream[];
  /** Set if it was asked for. */
  readonly globalState?: GlobalState;
}

/** Finds the indices that snapshots are asked for. Shares the requests of a burst of snapshots. */
export class IndexFinder {
  private readonly shared = new Coalescer();

  constructor(private readonly cluster: Cluster) {}

  /**
   * Returns the indices as they are after the call. Throws `index_not_found_exception`, and what the cluster throws.
   */
  async find(request: SnapshotRequest, signal: AbortSignal): Promise<FoundIndices> {
    const { indices: expression, ignoreUnavailable, includeGlobalState, expandWildcards } = request;
    const asked = this.shared.ask('info', () => this.cluster.info());
    const key = JSON.stringify([expression, ignoreUnavailable, expandWildcards]);
    const resolved = this.shared.ask(key, () =>
      this.cluster.resolveIndices(expression, { ignoreUnavailable, expandWildcards }, undefined, asked),
    );
    const state = includeGlobalState ? this.shared.ask('state', () => this.cluster.globalState()) : undefined;
    const [info, indices, globalState] = await untilAborted(Promise.all([asked, resolved, state]), signal);
    const isAny = indices.some(({ dataStream }) => dataStream !== undefined);
    const streams = isAny
      ? await untilAborted(
          this.shared.ask('streams', () => this.cluster.dataStreams()),
          signal,
        )
      : [];
    return { info, indices, dataStreams: askedStreams(streams, expression, indices), globalState };
  }
}

/**
 * Returns the streams that the expression stands for by their names. As in the engines, one of which only backing
 * indices are named is none of them; neither is one of which an index is missing.
 */
function askedStreams(
  streams: readonly DataStream[],
  expression: readonly string[] | undefined,
  indices: readonly IndexMetadata[],
): DataStream[] {
  const found = new Set(indices.map(({ name }) => name));
  const names = streams.map(({ name }) => name);
  const asked = new Set(selectIndices(names, expression, true));
  return streams.filter((stream) => asked.has(stream.name) && stream.indices.every((index) => found.has(index)));
}
