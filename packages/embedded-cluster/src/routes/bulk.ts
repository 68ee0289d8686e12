import type { Cluster } from '../cluster';
import { BulkAnswer } from '../documents/bulk-answer';
import { parseBulk } from '../documents/bulk-parser';
import type { WriteResult } from '../documents/document-writer';
import type { ItemRequest } from '../documents/item-request';
import { ElasticsearchError, unsupported, validationError } from '../elasticsearch-error';
import type { ApiRequest, ApiResponse } from '../http/api-request';
import type { Route } from '../http/router';
import type { WriteTransaction } from '../storage/write-transaction';
import { parseRefresh } from './documents';

/** Items of one transaction at most: bounds memory, and how long others wait. */
const SLICE_ITEMS = 5_000;

/** Items read before others get their turn. */
const PARSED_AT_A_TIME = 2_000;

const PARAMETERS =
  'refresh routing require_alias wait_for_active_shards pipeline _source _source_includes _source_excludes ' +
  'require_data_stream list_executed_pipelines include_source_on_error';

/** Returns the routes of `_bulk`. */
export function bulkRoutes(cluster: Cluster): Route[] {
  return ['/_bulk', '/{index}/_bulk'].map((path) => ({
    methods: 'POST PUT',
    path,
    query: PARAMETERS,
    handler: (request: ApiRequest) => runBulk(cluster, request),
  }));
}

async function runBulk(cluster: Cluster, request: ApiRequest): Promise<ApiResponse> {
  const started = performance.now();
  request.requireBody();
  const pipeline = request.query.get('pipeline');
  if (pipeline !== undefined && pipeline !== '_none') throw unsupported('ingest pipelines');
  const forcedRefresh = parseRefresh(request);
  const defaults = {
    index: request.parameters['index'],
    routing: request.query.get('routing'),
    requireAlias: request.flag('require_alias', false),
  };
  // A malformed line refuses the whole request, so every line is read before the first document is written.
  const items: ItemRequest[] = [];
  for (const item of parseBulk(request.body, defaults)) {
    items.push(item);
    if (items.length % PARSED_AT_A_TIME === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  if (items.length === 0) throw validationError('no requests added');
  const answer = new BulkAnswer(forcedRefresh, request.filterPath, request.pretty);
  for (let from = 0; from < items.length; from += SLICE_ITEMS) {
    const slice = items.slice(from, from + SLICE_ITEMS);
    const results = await cluster.store.write(
      (transaction) => slice.map((item) => applyItem(cluster, transaction, item)),
      slice.length,
    );
    results.forEach((result, i) => answer.add(slice[i] as ItemRequest, result));
  }
  return { json: answer.finish(Math.round(performance.now() - started)) };
}

function applyItem(
  cluster: Cluster,
  transaction: WriteTransaction,
  item: ItemRequest,
): WriteResult | ElasticsearchError {
  try {
    return cluster.writer.apply(transaction, item);
  } catch (error) {
    if (error instanceof ElasticsearchError) return error;
    throw error;
  }
}
