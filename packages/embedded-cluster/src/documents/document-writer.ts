import { ElasticsearchError, illegalArgument, indexClosed, indexNotFound, unsupported } from '../elasticsearch-error';
import { generatedId } from '../ids';
import type { Catalog } from '../metadata/catalog';
import type { ClusterState, IndexMetadata } from '../metadata/index-metadata';
import { shardOf } from '../metadata/routing-hash';
import { mergeObjects } from '../raw-json';
import type { DocumentStore } from '../storage/document-store';
import type { WriteTransaction } from '../storage/write-transaction';
import { type ItemRequest, sourceFault } from './item-request';
import { nextVersion, PRIMARY_TERM } from './plan-operation';

/** What became of one write. */
export interface WriteResult {
  readonly index: IndexMetadata;
  readonly id: string;
  readonly version: bigint;
  readonly seq: number;
  readonly result: 'created' | 'updated' | 'deleted' | 'not_found' | 'noop';
  readonly status: number;
  /** The document as it is now, where an update asked for it. */
  readonly source?: Buffer;
}

interface Target {
  readonly index: IndexMetadata;
  readonly aliasRouting: string | undefined;
}

/** The index that a write to `name` goes to; undefined if the name is unknown. */
function writeTarget(state: ClusterState, name: string): Target | undefined {
  const index = state.indices.get(name);
  if (index !== undefined) return { index, aliasRouting: undefined };
  const behind = state.ofAlias(name);
  if (behind.length === 0) return undefined;
  const chosen =
    behind.find((candidate) => candidate.aliases[name]?.is_write_index === true) ??
    (behind.length === 1 && behind[0]?.aliases[name]?.is_write_index !== false ? behind[0] : undefined);
  if (chosen === undefined) {
    throw illegalArgument(
      `no write index is defined for alias [${name}]. The write index may be explicitly disabled using ` +
        'is_write_index=false or the alias points to multiple indices without one being designated as a write index',
    );
  }
  return { index: chosen, aliasRouting: chosen.aliases[name]?.index_routing };
}

/** Writes documents; every method runs within a transaction of the store. */
export class DocumentWriter {
  constructor(
    private readonly store: DocumentStore,
    private readonly catalog: Catalog,
  ) {}

  /** Does one write. Throws what the item answers with; it has then changed nothing. */
  apply(transaction: WriteTransaction, item: ItemRequest): WriteResult {
    const { index, aliasRouting } = this.target(transaction, item);
    if (item.fault !== undefined) throw item.fault;
    if (index.closed) throw indexClosed(index);
    this.checkBlocks(index);
    const id = item.id ?? generatedId(transaction.nowMs);
    const routing = item.routing ?? aliasRouting;
    const shard = shardOf(index, routing ?? id);
    const { ordinal } = index.shards[shard] as { ordinal: number };
    // An id that was just made up is not looked for.
    const current = item.id === undefined ? undefined : transaction.current(ordinal, id);
    const exists = current !== undefined && !current.deleted;
    let { source } = item;
    if (item.action === 'update') {
      const planned = this.planUpdate(item, id, { index, shard, ordinal, seq: exists ? current.seq : undefined });
      if (planned === 'noop' && current !== undefined) {
        return { index, id, version: current.version, seq: current.seq, result: 'noop', status: 200 };
      }
      source = planned as Buffer;
    }
    const version = nextVersion(current, id, item.conditions, { index, shard });
    const deleted = item.action === 'delete';
    const seq = transaction.append(ordinal, { deleted, id, version, routing, source }, current);
    const outcome = { index, id, version, seq };
    if (deleted) {
      return exists ? { ...outcome, result: 'deleted', status: 200 } : { ...outcome, result: 'not_found', status: 404 };
    }
    const written = item.update?.returnSource ? { ...outcome, source } : outcome;
    return exists ? { ...written, result: 'updated', status: 200 } : { ...written, result: 'created', status: 201 };
  }

  private target(transaction: WriteTransaction, item: ItemRequest): Target {
    const state = this.catalog.stateIn(transaction);
    if (item.index.startsWith('<')) throw unsupported('date math in index names');
    if (item.requireAlias && state.ofAlias(item.index).length === 0) {
      throw new ElasticsearchError(
        'index_not_found_exception',
        `no such index [${item.index}] and [require_alias] request flag is [true] and [${item.index}] is not an alias`,
        404,
        { index_uuid: '_na_', index: item.index },
      );
    }
    const target = writeTarget(state, item.index);
    if (target !== undefined) return target;
    // A delete makes an index only where an external version has to be remembered.
    if (item.action === 'delete' && item.conditions.version === undefined) throw indexNotFound(item.index);
    return { index: this.catalog.create(transaction, item.index, {}), aliasRouting: undefined };
  }

  private checkBlocks(index: IndexMetadata): void {
    const blocks: [string, string][] = [
      ['index.blocks.read_only', 'FORBIDDEN/5/index read-only (api)'],
      ['index.blocks.read_only_allow_delete', 'TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark'],
      ['index.blocks.write', 'FORBIDDEN/8/index write (api)'],
    ];
    for (const [setting, label] of blocks) {
      if (index.settings[setting] !== 'true') continue;
      throw new ElasticsearchError(
        'cluster_block_exception',
        `index [${index.name}] blocked by: [${label}];`,
        label.startsWith('TOO') ? 429 : 403,
        { index_uuid: index.uuid, index: index.name },
      );
    }
  }

  /** The document after a partial update, or that nothing changes. */
  private planUpdate(
    item: ItemRequest,
    id: string,
    place: { index: IndexMetadata; shard: number; ordinal: number; seq: number | undefined },
  ): Buffer | 'noop' {
    const { doc, upsert, docAsUpsert, detectNoop } = item.update ?? { docAsUpsert: false, detectNoop: true };
    const facts = { index_uuid: place.index.uuid, shard: String(place.shard), index: place.index.name };
    if (place.seq === undefined) {
      const created = docAsUpsert ? doc : upsert;
      if (created === undefined) {
        throw new ElasticsearchError('document_missing_exception', `[${id}]: document missing`, 404, facts);
      }
      const fault = sourceFault(created);
      if (fault !== undefined) throw fault;
      return created;
    }
    if (!place.index.sourceEnabled) {
      throw new ElasticsearchError('document_source_missing_exception', `[${id}]: document source missing`, 400, facts);
    }
    const before = Buffer.from(this.store.operation(place.ordinal, place.seq)?.source ?? Buffer.from('{}'));
    if (doc === undefined) return before;
    const after = mergeObjects(before, doc);
    const isSame = (): boolean =>
      JSON.stringify(JSON.parse(before.toString())) === JSON.stringify(JSON.parse(after.toString()));
    return detectNoop && isSame() ? 'noop' : after;
  }
}

/** Returns the answer to a write, as an item of a bulk has it; `status` is added there. */
export function writeResultJson(result: WriteResult, forcedRefresh: boolean): Record<string, unknown> {
  const copies = 1 + Number(result.index.settings['index.number_of_replicas'] ?? 0);
  return {
    _index: result.index.name,
    _id: result.id,
    _version: result.version,
    result: result.result,
    ...(forcedRefresh && result.result !== 'noop' ? { forced_refresh: true } : {}),
    _shards: { total: copies, successful: 1, failed: 0 },
    _seq_no: result.seq,
    _primary_term: PRIMARY_TERM,
  };
}
