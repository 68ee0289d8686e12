import { ElasticsearchError } from '../elasticsearch-error';
import type { FilterPath } from '../http/filter-path';
import { encodeJson } from '../http/json-writer';
import { RawJson } from '../raw-json';
import { type WriteResult, writeResultJson } from './document-writer';
import type { ItemRequest } from './item-request';
import { PRIMARY_TERM } from './plan-operation';

/**
 * Writes the answer to a bulk, item by item. Most bulks are answered with one short line a document, written straight
 * as text; values are built only where `filter_path` or `pretty` look at them.
 */
export class BulkAnswer {
  private errors = false;
  private readonly items: unknown[] = [];
  private text = '';
  private readonly asValues: boolean;
  /** Whether `filter_path` leaves anything of an item that succeeded. */
  private readonly showsSuccess: boolean;

  constructor(
    private readonly forcedRefresh: boolean,
    filter: FilterPath | undefined,
    pretty: boolean,
  ) {
    this.asValues = pretty || filter !== undefined;
    this.showsSuccess = filter === undefined || filter.apply({ items: SAMPLE_ITEMS }) !== undefined;
  }

  add(item: ItemRequest, outcome: WriteResult | ElasticsearchError): void {
    if (outcome instanceof ElasticsearchError) {
      this.errors = true;
      const failure = { _index: item.index, _id: item.id ?? null, status: outcome.status, error: outcome.toItem() };
      this.addValue({ [item.action]: failure });
    } else if (this.asValues) {
      if (!this.showsSuccess) return;
      const json = { ...writeResultJson(outcome, this.forcedRefresh), status: outcome.status };
      this.addValue({ [item.action]: json });
    } else this.text += `${this.text === '' ? '' : ','}${this.successText(item, outcome)}`;
  }

  /** The whole answer; `filter_path` and `pretty` are still to be applied where they were given. */
  finish(tookMs: number): unknown {
    if (this.asValues) return { errors: this.errors, took: tookMs, items: this.items };
    return new RawJson(Buffer.from(`{"errors":${this.errors},"took":${tookMs},"items":[${this.text}]}`));
  }

  private addValue(value: unknown): void {
    if (this.asValues) this.items.push(value);
    else this.text += `${this.text === '' ? '' : ','}${encodeJson(value).toString()}`;
  }

  private successText(item: ItemRequest, outcome: WriteResult): string {
    if (outcome.result === 'noop' || outcome.source !== undefined) {
      return encodeJson({
        [item.action]: { ...writeResultJson(outcome, this.forcedRefresh), status: outcome.status },
      }).toString();
    }
    const copies = 1 + Number(outcome.index.settings['index.number_of_replicas'] ?? 0);
    return (
      `{"${item.action}":{"_index":${JSON.stringify(outcome.index.name)},"_id":${JSON.stringify(outcome.id)},` +
      `"_version":${outcome.version},"result":"${outcome.result}",` +
      `${this.forcedRefresh ? '"forced_refresh":true,' : ''}"_shards":{"total":${copies},"successful":1,"failed":0},` +
      `"_seq_no":${outcome.seq},"_primary_term":${PRIMARY_TERM},"status":${outcome.status}}}`
    );
  }
}

/** One item of each kind that succeeded, with every field it can have. */
const SAMPLE_ITEMS = ['index', 'create', 'update', 'delete'].map((action) => ({
  [action]: {
    _index: '',
    _id: '',
    _version: 1,
    result: '',
    forced_refresh: true,
    _shards: { total: 1, successful: 1, failed: 0 },
    _seq_no: 0,
    _primary_term: 1,
    status: 200,
  },
}));
