import { PRIMARY_TERM } from '../documents/plan-operation';
import type { FilterPath, Step } from '../http/filter-path';
import { encodeJson } from '../http/json-writer';
import { Double, RawJson } from '../raw-json';
import type { OperationView } from '../storage/operation-record';
import type { SearchTarget } from './search-target';
import type { Ref } from './sort';

/** What of each document an answer shows. */
interface HitOptions {
  /** `_source` as it is, not at all, or filtered. */
  readonly source: boolean | FilterPath;
  /** `stored_fields: "_none_"`: neither `_id` nor `_routing` nor `_source`. */
  readonly storedFields: boolean;
  readonly version: boolean;
  readonly seqNo: boolean;
  /** Sort values are shown, and there is no score. */
  readonly sorted: boolean;
  /** What `filter_path` says about hits. */
  readonly filter: Step;
}

const FIELDS = [
  '_index',
  '_id',
  '_version',
  '_seq_no',
  '_primary_term',
  '_score',
  '_routing',
  '_source',
  'sort',
] as const;

/** Turns documents into hits. Where no part of a hit has to be looked into, straight into text and raw bytes. */
export class HitWriter {
  private readonly steps: Record<(typeof FIELDS)[number], Step>;
  private readonly isPlain: boolean;

  constructor(private readonly options: HitOptions) {
    const { filter } = options;
    this.steps = Object.fromEntries(
      FIELDS.map((field) => [field, typeof filter === 'string' ? filter : filter.step(field)]),
    ) as Record<(typeof FIELDS)[number], Step>;
    this.isPlain =
      typeof options.source === 'boolean' && FIELDS.every((field) => typeof this.steps[field] === 'string');
  }

  /** Appends one hit to `chunk`; false if nothing of it is wanted. The operation's bytes are copied. */
  append(chunk: HitChunk, target: SearchTarget, ref: Ref, operation: OperationView): boolean {
    if (!this.isPlain) {
      const hit = this.hit(target, ref, operation);
      if (hit === undefined) return false;
      chunk.beginHit();
      chunk.bytes(encodeJson(hit));
      return true;
    }
    const { options, steps } = this;
    let text = '';
    const add = (name: (typeof FIELDS)[number], value: string): void => {
      if (steps[name] === 'all') text += `${text === '' ? '{' : ','}"${name}":${value}`;
    };
    add('_index', JSON.stringify(target.index.name));
    if (options.storedFields) add('_id', JSON.stringify(operation.id));
    if (options.version) add('_version', String(operation.version));
    if (options.seqNo) {
      add('_seq_no', String(ref.seq));
      add('_primary_term', String(PRIMARY_TERM));
    }
    add('_score', options.sorted ? 'null' : '1.0');
    const routing = options.storedFields ? operation.routing : undefined;
    if (routing !== undefined) add('_routing', JSON.stringify(routing));
    const withSource = options.source === true && target.index.sourceEnabled && steps['_source'] === 'all';
    const sort = options.sorted && steps['sort'] === 'all' ? `"sort":${JSON.stringify(ref.values)}` : '';
    if (text === '' && !withSource && sort === '') return false;
    chunk.beginHit();
    const opened = text === '' ? '{' : text;
    if (withSource) {
      chunk.text(`${opened}${text === '' ? '' : ','}"_source":`);
      chunk.bytes(operation.source);
      chunk.text(sort === '' ? '}' : `,${sort}}`);
    } else chunk.text(`${opened}${sort === '' || text === '' ? sort : `,${sort}`}}`);
    return true;
  }

  /** The hit as a value; undefined if nothing of it is wanted. */
  hit(target: SearchTarget, ref: Ref, operation: OperationView): unknown {
    const { options } = this;
    const hit = {
      _index: target.index.name,
      _id: options.storedFields ? operation.id : undefined,
      _version: options.version ? operation.version : undefined,
      _seq_no: options.seqNo ? ref.seq : undefined,
      _primary_term: options.seqNo ? PRIMARY_TERM : undefined,
      _score: options.sorted ? null : new Double(1),
      _routing: options.storedFields ? operation.routing : undefined,
      _source: this.source(target, operation),
      sort: options.sorted ? ref.values : undefined,
    };
    const shown = Object.fromEntries(Object.entries(hit).filter(([, value]) => value !== undefined));
    return typeof options.filter === 'string' ? shown : options.filter.apply(shown);
  }

  private source(target: SearchTarget, operation: OperationView): unknown {
    if (!target.index.sourceEnabled || this.options.source === false) return undefined;
    // The bytes belong to the store's read buffer until they are copied.
    const raw = new RawJson(Buffer.from(operation.source));
    return this.options.source === true ? raw : (this.options.source.apply(raw) ?? {});
  }
}

/** Collects hits as bytes, with commas between them, in one growing buffer. */
export class HitChunk {
  private buffer = Buffer.allocUnsafe(256 * 1024);
  private length = 0;
  private isFirst = true;

  get size(): number {
    return this.length;
  }

  beginHit(): void {
    if (!this.isFirst) this.text(',');
    this.isFirst = false;
  }

  text(text: string): void {
    this.reserve(text.length * 3);
    this.length += this.buffer.write(text, this.length, 'utf8');
  }

  bytes(bytes: Buffer): void {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Hands over what was collected; the chunk starts anew. */
  take(): Buffer {
    const taken = this.buffer.subarray(0, this.length);
    this.buffer = Buffer.allocUnsafe(256 * 1024);
    this.length = 0;
    return taken;
  }

  private reserve(more: number): void {
    if (this.length + more <= this.buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.length + more));
    this.buffer.copy(grown, 0, 0, this.length);
    this.buffer = grown;
  }
}
