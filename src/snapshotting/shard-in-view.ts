import { type LastingView, type ShardState } from '../cluster/reading/document-reader';

/** A changed shard when the views of a snapshot were opened. */
export interface ShardInView {
  readonly ordinal: number;
  /** The state of the shard before the refresh that came before the view; unset if the shard has to open its own. */
  readonly state?: ShardState;
  /**
   * The view, whose time begins with that refresh. Unset where the cluster has no such views, and for a shard that was
   * empty at that moment.
   */
  readonly view?: LastingView;
  /** Set for an empty shard: a time at which it held nothing. */
  readonly emptyMillis?: number;
}
