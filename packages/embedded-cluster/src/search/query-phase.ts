import { BLOCK_SIZE, blockOf, countBits, setOffsets } from '../storage/block-bitmap';
import type { DocumentStore } from '../storage/document-store';
import type { Aggregator } from './aggregations';
import { documentNumber, shardDoc } from './document-number';
import { MATCH_ALL, type QueryPlan } from './query';
import { scan } from './scan';
import type { SearchTarget } from './search-target';
import {
  compareByKeys,
  isDocumentOrder,
  isPositional,
  type Ref,
  type SortKey,
  type SortValue,
  sortValue,
} from './sort';

interface QueryRequest {
  readonly plan: QueryPlan;
  readonly sort: readonly SortKey[];
  readonly searchAfter?: readonly SortValue[];
  /** How many documents to find, from the first in order. */
  readonly window: number;
  /** Whether the number of all matches is wanted. */
  readonly countAll: boolean;
  readonly aggregators: readonly Aggregator[];
}

interface QueryOutcome {
  readonly refs: readonly Ref[];
  /** Undefined if it was not wanted. */
  readonly total: number | undefined;
}

/** Finds which documents to answer with, and counts; reads documents only where query or sort need them. */
export async function runQueryPhase(
  store: DocumentStore,
  targets: readonly SearchTarget[],
  request: QueryRequest,
): Promise<QueryOutcome> {
  const ordinary = request.aggregators.filter((aggregator) => !aggregator.isGlobal);
  const global = request.aggregators.filter((aggregator) => aggregator.isGlobal);
  let total: number | undefined;
  if (request.countAll || ordinary.length > 0) {
    let count = 0;
    await scan(store, targets, request.plan, false, (_, firstSeq, bitmap) => {
      count += countBits(bitmap);
      for (const aggregator of ordinary) aggregator.add(firstSeq, bitmap);
      return true;
    });
    total = request.countAll ? count : undefined;
  }
  if (global.length > 0) {
    await scan(store, targets, MATCH_ALL, false, (_, firstSeq, bitmap) => {
      for (const aggregator of global) aggregator.add(firstSeq, bitmap);
      return true;
    });
  }
  const refs = request.window === 0 ? [] : await collect(store, targets, request);
  return { refs, total };
}

function collect(store: DocumentStore, targets: readonly SearchTarget[], request: QueryRequest): Promise<Ref[]> {
  const [first, second, ...others] = request.sort;
  const inScanOrder =
    (first === undefined || isPositional(first)) &&
    // A second key never decides between documents of one shard; between shards only a positional one is known to.
    (first?.field !== '_seq_no' || targets.length <= 1) &&
    (first === undefined || !first.descending || targets.length <= 1) &&
    (targets.length <= 1 || second === undefined || isPositional(second)) &&
    others.length === 0;
  return inScanOrder ? collectInOrder(store, targets, request) : collectBest(store, targets, request);
}

/** The order of the scan is the order of the answer: stop as soon as enough are found. */
async function collectInOrder(
  store: DocumentStore,
  targets: readonly SearchTarget[],
  { plan, sort, searchAfter, window }: QueryRequest,
): Promise<Ref[]> {
  const refs: Ref[] = [];
  const descending = sort[0]?.descending === true;
  const after = searchAfter?.[0];
  const byNumber = isDocumentOrder(sort[0]);
  const bounded = typeof after === 'number' && targets.length === 1 ? boundBy(plan, after, sort, descending) : plan;
  await scan(store, targets, bounded, descending, (target, firstSeq, bitmap) => {
    const found = setOffsets(bitmap).map((offset) => positionalRef(sort, targets, target, firstSeq + offset));
    if (byNumber) found.sort((a, b) => compareByKeys(sort, a.values, b.values));
    else if (descending) found.reverse();
    for (const ref of found) {
      if (searchAfter && compareByKeys(sort, ref.values, searchAfter) <= 0) continue;
      refs.push(ref);
      if (refs.length >= window) return false;
    }
    return true;
  });
  return refs;
}

/** Limits the plan to what can follow the value `after`; document numbers differ from sequence numbers in a block. */
function boundBy(plan: QueryPlan, after: number, sort: readonly SortKey[], descending: boolean): QueryPlan {
  const block = Math.max(0, blockOf(after)) * BLOCK_SIZE;
  const [from, to] = isDocumentOrder(sort[0]) ? [block, block + BLOCK_SIZE] : [after, after + 1];
  return descending ? { ...plan, to: Math.min(plan.to, to) } : { ...plan, from: Math.max(plan.from, from) };
}

function positionalRef(sort: readonly SortKey[], targets: readonly SearchTarget[], target: number, seq: number): Ref {
  const number = shardDocOf(targets, target, seq);
  return { target, seq, values: sort.map((key) => (key.field === '_seq_no' ? seq : number)) };
}

const shardDocOf = (targets: readonly SearchTarget[], target: number, seq: number): number =>
  shardDoc(target, documentNumber(seq, (targets[target] as SearchTarget).view.seq));

/** Keeps the best `window` documents of all matches; never more than twice as many in memory. */
async function collectBest(
  store: DocumentStore,
  targets: readonly SearchTarget[],
  { plan, sort, searchAfter, window }: QueryRequest,
): Promise<Ref[]> {
  const needsDocument = sort.some((key) => !isPositional(key));
  const order = (a: Ref, b: Ref): number =>
    compareByKeys(sort, a.values, b.values) || a.target - b.target || a.seq - b.seq;
  let best: Ref[] = [];
  await scan(store, targets, plan, false, (position, firstSeq, bitmap) => {
    for (const offset of setOffsets(bitmap)) {
      const seq = firstSeq + offset;
      const ref = needsDocument
        ? fieldRef(store, targets, position, seq, sort)
        : positionalRef(sort, targets, position, seq);
      if (ref === undefined || (searchAfter && compareByKeys(sort, ref.values, searchAfter) <= 0)) continue;
      best.push(ref);
    }
    if (best.length > 2 * window + 1024) best = best.sort(order).slice(0, window);
    return true;
  });
  return best.sort(order).slice(0, window);
}

function fieldRef(
  store: DocumentStore,
  targets: readonly SearchTarget[],
  position: number,
  seq: number,
  sort: readonly SortKey[],
): Ref | undefined {
  const operation = store.operation((targets[position] as SearchTarget).view.ordinal, seq);
  if (operation === undefined) return undefined;
  let source: unknown;
  const document = {
    seq,
    shardDoc: shardDocOf(targets, position, seq),
    id: () => operation.id,
    source: () => (source ??= JSON.parse(operation.source.toString()) as unknown),
  };
  return { target: position, seq, values: sort.map((key) => sortValue(key, document)) };
}
