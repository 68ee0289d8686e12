import { type Cluster } from '../cluster/cluster';
import { type ClusterInfo } from '../cluster/facts/cluster-info';
import { type IndexMetadata } from '../cluster/facts/index-metadata';
import { Coalescer } from '../concurrency/coalescer';
import { untilAborted } from '../concurrency/on-abort';
import { type GlobalState } from '../contracts/global-state';
import { type SnapshotRequest } from '../contracts/jobs/snapshot';

/** The indices that a snapshot is asked for, and the cluster that holds them, with its global state. */
export interface FoundIndices {
  readonly info: ClusterInfo;
  readonly indices: readonly IndexMetadata[];
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
    return { info, indices, globalState };
  }
}
