/** Alias of an index, as Elasticsearch prints it; `filter` and routing values are kept, filters are not applied. */
export interface AliasMetadata {
  readonly filter?: unknown;
  readonly index_routing?: string;
  readonly search_routing?: string;
  readonly is_write_index?: boolean;
  readonly is_hidden?: boolean;
}

interface ShardMetadata {
  /** Number of the shard in the document store. */
  readonly ordinal: number;
  /** History of the shard's operations: new only when the index is made anew. */
  readonly historyUuid: string;
}

/** Settings by full name (`index.number_of_shards`); values are text or lists of text, as Elasticsearch keeps them. */
export type FlatSettings = Readonly<Record<string, string | readonly string[]>>;

/** Everything about an index but its documents. Immutable: a change replaces it. */
export interface IndexMetadata {
  readonly name: string;
  readonly uuid: string;
  readonly createdAtMs: number;
  readonly shards: readonly ShardMetadata[];
  /** See routing-hash: number of virtual shards that a routing value is hashed to. */
  readonly routingShards: number;
  readonly settings: FlatSettings;
  /** JSON text of the mappings as they were given. */
  readonly mappings: string;
  readonly aliases: Readonly<Record<string, AliasMetadata>>;
  readonly closed: boolean;
  /** `_source.enabled` of the mappings. */
  readonly sourceEnabled: boolean;
}

/** Holds every index of the cluster, and what an alias name stands for. Immutable. */
export class ClusterState {
  private aliasIndex: Map<string, IndexMetadata[]> | undefined;

  constructor(readonly indices: ReadonlyMap<string, IndexMetadata>) {}

  /** Indices that an alias of this name points to, sorted by name; empty if there is none. */
  ofAlias(alias: string): readonly IndexMetadata[] {
    return this.aliases().get(alias) ?? [];
  }

  with(index: IndexMetadata): ClusterState {
    return new ClusterState(new Map(this.indices).set(index.name, index));
  }

  without(name: string): ClusterState {
    const indices = new Map(this.indices);
    indices.delete(name);
    return new ClusterState(indices);
  }

  private aliases(): Map<string, IndexMetadata[]> {
    if (this.aliasIndex === undefined) {
      this.aliasIndex = new Map();
      for (const name of [...this.indices.keys()].sort()) {
        const index = this.indices.get(name) as IndexMetadata;
        for (const alias of Object.keys(index.aliases)) {
          const known = this.aliasIndex.get(alias);
          if (known) known.push(index);
          else this.aliasIndex.set(alias, [index]);
        }
      }
    }
    return this.aliasIndex;
  }
}
