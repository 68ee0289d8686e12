import { randomUuid } from '../ids';
import type { DocumentStore } from '../storage/document-store';
import type { WriteTransaction } from '../storage/write-transaction';
import { type AliasMetadata, ClusterState, type IndexMetadata } from './index-metadata';
import { validateAliasName, validateNewIndex } from './index-names';
import { applyChanges, checkKnownSettings, flattenSettings, integerSetting } from './index-settings';
import { isSourceEnabled } from './mappings';
import { defaultRoutingShards } from './routing-hash';

/** `index.version.created` of Elasticsearch 8.19.0. */
const VERSION_CREATED = '8536000';
const MAX_SHARDS = 64;

interface NewIndex {
  readonly settings?: unknown;
  /** JSON text of the mappings, as it came. */
  readonly mappings?: string;
  readonly aliases?: Readonly<Record<string, AliasMetadata>>;
}

/** Names and uuids that outlive every restart. */
interface ClusterIdentity {
  readonly clusterUuid: string;
  readonly nodeId: string;
}

/**
 * Keeps the indices of the cluster. Reading takes {@link Catalog.state}; changing happens in a transaction of the
 * document store, so that an index and its shards come and go together, and shows only after the commit.
 */
export class Catalog {
  state: ClusterState;
  readonly identity: ClusterIdentity;

  private constructor(
    private readonly store: DocumentStore,
    identity: ClusterIdentity,
  ) {
    this.identity = identity;
    const indices = new Map<string, IndexMetadata>();
    for (const { value } of store.environment.meta.getRange({ start: 'index/', end: 'index0' })) {
      indices.set((value as IndexMetadata).name, value as IndexMetadata);
    }
    this.state = new ClusterState(indices);
  }

  static async open(store: DocumentStore): Promise<Catalog> {
    const stored = store.environment.meta.get('identity') as ClusterIdentity | undefined;
    if (stored !== undefined) return new Catalog(store, stored);
    const identity = { clusterUuid: randomUuid(), nodeId: randomUuid() };
    await store.write((transaction) => transaction.putMeta('identity', identity));
    return new Catalog(store, identity);
  }

  /** The state as `transaction` leaves it so far. */
  stateIn(transaction: WriteTransaction): ClusterState {
    return (transaction.attachments.get(this) as ClusterState | undefined) ?? this.state;
  }

  /** Creates an index, or throws what Elasticsearch answers. */
  create(transaction: WriteTransaction, name: string, request: NewIndex): IndexMetadata {
    const state = this.stateIn(transaction);
    validateNewIndex(state, name);
    const given = flattenSettings(request.settings);
    checkKnownSettings(given);
    const shardCount = integerSetting(given, 'index.number_of_shards', 1, 1, MAX_SHARDS);
    const replicas = integerSetting(given, 'index.number_of_replicas', 1, 0, 1_000);
    const routingShards = integerSetting(
      given,
      'index.number_of_routing_shards',
      defaultRoutingShards(shardCount),
      shardCount,
      1_024 * 64,
    );
    for (const alias of Object.keys(request.aliases ?? {})) validateAliasName(state, alias);
    const uuid = randomUuid();
    const createdAtMs = transaction.nowMs;
    const settings = applyChanges(
      {
        'index.routing.allocation.include._tier_preference': 'data_content',
        'index.number_of_replicas': String(replicas),
      },
      { ...given, 'index.number_of_routing_shards': null },
    );
    const first = this.takeOrdinals(transaction, shardCount);
    const shards = Array.from({ length: shardCount }, (_, i) => ({ ordinal: first + i, historyUuid: randomUuid() }));
    for (const shard of shards) transaction.addShard(shard.ordinal);
    const mappings = request.mappings ?? '{}';
    const index: IndexMetadata = {
      name,
      uuid,
      createdAtMs,
      shards,
      routingShards,
      settings: {
        ...settings,
        'index.number_of_shards': String(shardCount),
        'index.provided_name': name,
        'index.creation_date': String(createdAtMs),
        'index.uuid': uuid,
        'index.version.created': VERSION_CREATED,
      },
      mappings,
      aliases: request.aliases ?? {},
      closed: false,
      sourceEnabled: isSourceEnabled(mappings),
    };
    this.put(transaction, index);
    return index;
  }

  /** Stores a changed index of the same name. */
  put(transaction: WriteTransaction, index: IndexMetadata): void {
    transaction.putMeta(`index/${index.name}`, index);
    this.stage(transaction, this.stateIn(transaction).with(index));
  }

  delete(transaction: WriteTransaction, index: IndexMetadata): void {
    for (const shard of index.shards) transaction.removeShard(shard.ordinal);
    transaction.removeMeta(`index/${index.name}`);
    this.stage(transaction, this.stateIn(transaction).without(index.name));
  }

  private takeOrdinals(transaction: WriteTransaction, count: number): number {
    const first = (this.store.environment.meta.get('next-ordinal') as number | undefined) ?? 0;
    transaction.putMeta('next-ordinal', first + count);
    return first;
  }

  private stage(transaction: WriteTransaction, state: ClusterState): void {
    if (!transaction.attachments.has(this)) {
      transaction.onCommit(() => (this.state = transaction.attachments.get(this) as ClusterState));
    }
    transaction.attachments.set(this, state);
  }
}
