/** Makes up the metadata of a cluster of log indices, as large as wanted, without a document. */
import { type ClusterInfo } from '../../src/cluster/facts/cluster-info';
import { type IndexMetadata } from '../../src/cluster/facts/index-metadata';
import { type ShardState } from '../../src/cluster/reading/document-reader';
import { LOG_MAPPINGS } from '../support/documents';
import { Random } from '../support/random';

/** What the cluster of docs/scale.md is made of: 1 PB of documents in 100,000 shards. */
export const SHARD = {
  documents: 24_000_000,
  /** Bytes of the documents as JSON. */
  jsonBytes: 10e9,
  /** Bytes on the cluster's disk. */
  storeBytes: 7.5e9,
};
const SHARDS_PER_INDEX = 5;
/** Different mappings: one for each kind of log. */
const MAPPINGS = 8;
/** Fields that each mapping has besides those of the benchmark's documents. */
const FURTHER_FIELDS = 150;

/** A made-up cluster. */
export interface MadeUpCluster {
  readonly info: ClusterInfo;
  readonly indices: readonly IndexMetadata[];
  readonly states: readonly ShardState[];
}

/** Makes up a cluster of about so many shards, five to an index. */
export function madeUpCluster(shards: number): MadeUpCluster {
  const random = new Random(shards);
  const mappings = Array.from({ length: MAPPINGS }, (_, kind) => mappingOf(kind));
  const indices: IndexMetadata[] = [];
  const states: ShardState[] = [];
  for (let i = 0; i < Math.ceil(shards / SHARDS_PER_INDEX); i++) {
    const kind = i % MAPPINGS;
    const name = `logs-service${kind}-2026.${String(i).padStart(6, '0')}`;
    const uuid = random.hex(22);
    indices.push({
      name,
      uuid,
      numberOfShards: SHARDS_PER_INDEX,
      settings: settingsOf(name, uuid),
      mappings: mappings[kind]!,
      aliases: `{"logs-service${kind}":{}}`,
      closed: false,
      sourceDisabled: false,
      sourceRebuilt: false,
      seqNoDisabled: false,
      resized: false,
      segmentReplication: false,
    });
    for (let shard = 0; shard < SHARDS_PER_INDEX; shard++) {
      states.push({
        index: name,
        shard,
        historyUuid: random.hex(22),
        maxSeqNo: SHARD.documents - 1,
        globalCheckpoint: SHARD.documents - 1,
        documents: SHARD.documents,
        storeBytes: SHARD.storeBytes,
        session: `${random.hex(22)} ${random.hex(22)}`,
      });
    }
  }
  const info: ClusterInfo = {
    product: 'opensearch',
    version: '3.8.0',
    name: 'made-up',
    uuid: random.hex(22),
    pit: 'opensearch',
  };
  return { info, indices, states };
}

/** Returns the same cluster after writes to every n-th shard. */
export function writtenTo(cluster: MadeUpCluster, every: number, documents: number): MadeUpCluster {
  const states = cluster.states.map((state, i) => {
    if (i % every !== 0) return state;
    const last = state.maxSeqNo + documents;
    return { ...state, maxSeqNo: last, globalCheckpoint: last, documents: state.documents + documents };
  });
  return { ...cluster, states };
}

function mappingOf(kind: number): string {
  const further = Array.from({ length: FURTHER_FIELDS }, (_, i) => [
    `service${kind}_attribute_${i}`,
    { type: 'text', fields: { keyword: { type: 'keyword', ignore_above: 256 } } },
  ]);
  return JSON.stringify({ properties: { ...LOG_MAPPINGS.properties, ...Object.fromEntries(further) } });
}

function settingsOf(name: string, uuid: string): string {
  return JSON.stringify({
    index: {
      number_of_shards: String(SHARDS_PER_INDEX),
      number_of_replicas: '1',
      refresh_interval: '30s',
      codec: 'best_compression',
      provided_name: name,
      creation_date: '1767225600000',
      uuid,
      version: { created: '137237827' },
      replication: { type: 'DOCUMENT' },
    },
  });
}
