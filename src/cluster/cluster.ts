import { type DataStream } from '../contracts/data-stream';
import { type GlobalState, type StateItem, type StatePart } from '../contracts/global-state';
import { type ClusterKind, dialectOf } from './dialect/dialect';
import { type ClusterInfo, readClusterInfo } from './facts/cluster-info';
import { readDataStreams } from './facts/data-streams';
import { type IndexMetadata, resolveIndices, type ResolveOptions } from './facts/index-metadata';
import { ClusterHttp } from './http/cluster-http';
import { type ClusterSettings } from './http/connection';
import { HttpThread } from './http/http-thread';
import { type DocumentReader, type ShardState } from './reading/document-reader';
import { ClusterDocumentReader } from './reading/open-reader';
import { ShardSearches } from './reading/shard-search';
import { readShardStates, refreshIndices } from './reading/shard-states';
import { deleteStateItem, putPersistentSettings, putStateItem, putStateItemTolerant } from './state/put-global-state';
import { readGlobalState } from './state/read-global-state';
import { bulk, type BulkResult } from './writing/bulk';
import { BulkWriter, type BulkWriterOptions } from './writing/bulk-writer';
import { type CreatedIndex, createIndex, createIndexTolerant, type IndexDefinition } from './writing/create-index';
import {
  addBackingIndices,
  createDataStream,
  deleteDataStream,
  findDataStream,
  putIndexTemplate,
  rolloverDataStream,
} from './writing/data-streams';
import {
  aliasPointsTo,
  countDocuments,
  deleteIndex,
  indexExists,
  indexUuid,
  putSettings,
  updateAliases,
} from './writing/index-operations';
import { activeIndices, type AliasedIndex, putSharedSettings, uuidsBehind } from './writing/many-indices';
import {
  pipelineExists,
  readTargetState,
  settingsProblem,
  type TargetState,
  templatePatterns,
  waitingFor,
} from './writing/target-state';
import {
  type CreatedUntemplated,
  createUntemplated,
  deleteEmptyIndex,
  type UntemplatedIndex,
} from './writing/untemplated-index';

/**
 * Returns the cluster at an address. The first request opens the connection. Throws `illegal_argument_exception` when
 * the settings cannot name a cluster.
 */
export function openCluster(settings: ClusterSettings): Cluster {
  return new Cluster(new ClusterHttp(settings), new HttpThread(settings));
}

/**
 * An Elasticsearch or OpenSearch cluster as snapshots and restores need it. One object serves all jobs of a process.
 *
 * Calls are not retried, except by the bulk writer if the cluster is busy. Failures are `SnapkeepError`s that say
 * whether a retry can help. An aborted call throws the signal's reason.
 */
export class Cluster {
  /**
   * Reads documents and asks the cluster for its version at the first read. Jobs know the version: {@link readerOf}.
   */
  readonly reader: DocumentReader;

  constructor(
    private readonly http: ClusterHttp,
    private readonly thread: HttpThread,
  ) {
    let searches: Promise<ShardSearches> | undefined;
    this.reader = new ClusterDocumentReader(() => {
      searches ??= this.info().then(
        (facts) => new ShardSearches(http, thread, dialectOf(facts)),
        (error: unknown) => {
          searches = undefined;
          throw error;
        },
      );
      return searches;
    });
  }

  /** The address of the cluster, without credentials. */
  get address(): string {
    return this.http.address;
  }

  /** Reads product, version and names of the cluster. A job asks when it begins, because a cluster can be upgraded. */
  info(signal?: AbortSignal): Promise<ClusterInfo> {
    return readClusterInfo(this.http, signal);
  }

  /**
   * Returns a reader for a cluster of which `facts` hold. The reader learns limits of the cluster and its indices,
   * which are forgotten with the reader.
   */
  readerOf(facts: ClusterKind): DocumentReader {
    const searches = Promise.resolve(new ShardSearches(this.http, this.thread, dialectOf(facts)));
    return new ClusterDocumentReader(() => searches);
  }

  /** Throws when the cluster does not answer or refuses the credentials. */
  async ping(signal?: AbortSignal): Promise<void> {
    await this.http.request({ method: 'GET', path: '/', signal });
  }

  /** Returns the indices that `expression` stands for; see `resolveIndices`. */
  resolveIndices(
    expression: readonly string[] | undefined,
    options: ResolveOptions,
    signal?: AbortSignal,
    info: Promise<ClusterInfo> = this.info(signal),
  ): Promise<IndexMetadata[]> {
    info.catch(() => {}); // awaited only after the indices are read
    return resolveIndices(this.http, info, expression, options, signal);
  }

  shardStates(indices: readonly string[], signal?: AbortSignal): Promise<ShardState[]> {
    return readShardStates(this.http, indices, signal);
  }

  refresh(indices: readonly string[], signal?: AbortSignal): Promise<void> {
    return refreshIndices(this.http, indices, signal);
  }

  bulk(alias: string, body: Buffer, options: { signal?: AbortSignal } = {}): Promise<BulkResult> {
    return bulk(this.http, alias, body, options);
  }

  /** Returns a writer that writes to `index` through its one-off `alias`. */
  bulkWriter(index: string, alias: string, options: BulkWriterOptions = {}): BulkWriter {
    return new BulkWriter(index, (body, signal) => bulk(this.http, alias, body, { signal }), options);
  }

  createIndex(name: string, definition: IndexDefinition, signal?: AbortSignal): Promise<void> {
    return createIndex(this.http, name, definition, signal);
  }

  async createIndexTolerant(name: string, definition: IndexDefinition, signal?: AbortSignal): Promise<CreatedIndex> {
    return createIndexTolerant(this.http, dialectOf(await this.info(signal)), name, definition, signal);
  }

  /** Creates the index without the cluster's templates. */
  async createUntemplated(index: UntemplatedIndex, signal?: AbortSignal): Promise<CreatedUntemplated> {
    return (await this.untemplatedCreator(signal))(index);
  }

  /** Returns what {@link createUntemplated} does, for several indices: the templates are read only once. */
  async untemplatedCreator(signal?: AbortSignal): Promise<(index: UntemplatedIndex) => Promise<CreatedUntemplated>> {
    const [info, patterns] = await Promise.all([this.info(signal), templatePatterns(this.http, signal)]);
    const target = { dialect: dialectOf(info), patterns };
    return (index) => createUntemplated(this.http, target, index, signal);
  }

  deleteEmptyIndex(token: string, signal?: AbortSignal): Promise<void> {
    return deleteEmptyIndex(this.http, token, signal);
  }

  /** Returns why primaries of the index are not active, in the cluster's words; undefined if all are active. */
  waitingFor(index: string, signal?: AbortSignal): Promise<string | undefined> {
    return waitingFor(this.http, index, signal);
  }

  targetState(signal?: AbortSignal): Promise<TargetState> {
    return readTargetState(this.http, signal);
  }

  settingsProblem(settings: ReadonlyMap<string, unknown>, signal?: AbortSignal): Promise<string | undefined> {
    return settingsProblem(this.http, settings, signal);
  }

  pipelineExists(name: string, signal?: AbortSignal): Promise<boolean | undefined> {
    return pipelineExists(this.http, name, signal);
  }

  /** Returns all data streams; none if the cluster has no such thing. */
  dataStreams(signal?: AbortSignal): Promise<DataStream[]> {
    return readDataStreams(this.http, signal);
  }

  dataStream(name: string, signal?: AbortSignal): Promise<DataStream | undefined> {
    return findDataStream(this.http, name, signal);
  }

  createDataStream(name: string, signal?: AbortSignal): Promise<void> {
    return createDataStream(this.http, name, signal);
  }

  deleteDataStream(name: string, signal?: AbortSignal): Promise<void> {
    return deleteDataStream(this.http, name, signal);
  }

  rolloverDataStream(name: string, signal?: AbortSignal): Promise<void> {
    return rolloverDataStream(this.http, name, signal);
  }

  addBackingIndices(name: string, indices: readonly string[], signal?: AbortSignal): Promise<void> {
    return addBackingIndices(this.http, name, indices, signal);
  }

  putIndexTemplate(name: string, body: string, signal?: AbortSignal): Promise<void> {
    return putIndexTemplate(this.http, name, body, signal);
  }

  /** Reads what the cluster keeps besides its indices. */
  globalState(signal?: AbortSignal): Promise<GlobalState> {
    return readGlobalState(this.http, signal);
  }

  putStateItem(part: Exclude<StatePart, 'settings'>, item: StateItem, signal?: AbortSignal): Promise<void> {
    return putStateItem(this.http, part, item, signal);
  }

  putStateItemTolerant(
    part: Exclude<StatePart, 'settings'>,
    item: StateItem,
    signal?: AbortSignal,
  ): ReturnType<typeof putStateItemTolerant> {
    return putStateItemTolerant(this.http, part, item, signal);
  }

  deleteStateItem(part: Exclude<StatePart, 'settings'>, name: string, signal?: AbortSignal): Promise<void> {
    return deleteStateItem(this.http, part, name, signal);
  }

  putPersistentSettings(settings: readonly StateItem[], signal?: AbortSignal): Promise<void> {
    return putPersistentSettings(this.http, settings, signal);
  }

  indexUuid(name: string, signal?: AbortSignal): Promise<string | undefined> {
    return indexUuid(this.http, name, signal);
  }

  indexExists(name: string, signal?: AbortSignal): Promise<boolean> {
    return indexExists(this.http, name, signal);
  }

  aliasPointsTo(alias: string, index: string, signal?: AbortSignal): Promise<boolean> {
    return aliasPointsTo(this.http, alias, index, signal);
  }

  deleteIndex(name: string, signal?: AbortSignal): Promise<void> {
    return deleteIndex(this.http, name, signal);
  }

  putSettings(name: string, settings: string, signal?: AbortSignal): Promise<void> {
    return putSettings(this.http, name, settings, signal);
  }

  /** Returns the uuids of those indices that have their one-off alias, by name. */
  uuidsBehind(indices: readonly AliasedIndex[], signal?: AbortSignal): Promise<Map<string, string>> {
    return uuidsBehind(this.http, indices, signal);
  }

  /** Returns those of the indices of which all primaries are active. */
  activeIndices(indices: readonly string[], signal?: AbortSignal): Promise<Set<string>> {
    return activeIndices(this.http, indices, signal);
  }

  /** Changes settings of several indices in as few updates of the cluster's state as fit a request line. */
  putSharedSettings(indices: readonly string[], settings: string, signal?: AbortSignal): Promise<void> {
    return putSharedSettings(this.http, indices, settings, signal);
  }

  updateAliases(actions: readonly string[], signal?: AbortSignal): Promise<void> {
    return updateAliases(this.http, actions, signal);
  }

  count(name: string, signal?: AbortSignal): Promise<number> {
    return countDocuments(this.http, name, signal);
  }

  /** Closes all connections when the running requests have ended. */
  async close(): Promise<void> {
    await this.http.close();
    await this.thread.close();
  }
}
