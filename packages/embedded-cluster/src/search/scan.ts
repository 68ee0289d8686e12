import {
  type Bitmap,
  BLOCK_SIZE,
  blockOf,
  clearBit,
  emptyBitmap,
  keepRange,
  setBit,
  setOffsets,
} from '../storage/block-bitmap';
import type { DocumentStore } from '../storage/document-store';
import type { OperationView } from '../storage/operation-record';
import type { Candidate, QueryPlan } from './query';
import type { SearchTarget } from './search-target';

/** Gets the matching documents of one block; returning false ends the scan. */
type BlockConsumer = (target: number, firstSeq: number, bitmap: Bitmap) => boolean;

/** Longest time in ms that a scan keeps the process from everything else. */
const SLICE_MS = 15;

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Goes through the documents that a plan matches, block by block: shards in their order, blocks ascending or
 * descending. It costs as many lookups as there are blocks in the plan's range, and a read per document only where the
 * plan has a test. Lets others work in between; the view keeps the outcome the same.
 */
export async function scan(
  store: DocumentStore,
  targets: readonly SearchTarget[],
  plan: QueryPlan,
  descending: boolean,
  consume: BlockConsumer,
): Promise<void> {
  let sliceEnd = performance.now() + SLICE_MS;
  for (const [position, target] of targets.entries()) {
    const end = Math.min(plan.to, target.view.seq + 1);
    if (end <= plan.from) continue;
    const chosen = plan.ids && idBlocks(target, plan, plan.ids);
    const blocks = chosen ? [...chosen.keys()].sort((a, b) => a - b) : range(blockOf(plan.from), blockOf(end - 1));
    for (const block of descending ? reversed(blocks) : blocks) {
      const firstSeq = block * BLOCK_SIZE;
      const bitmap = chosen?.get(block) ?? target.view.block(block);
      keepRange(bitmap, Math.max(0, plan.from - firstSeq), Math.min(BLOCK_SIZE, end - firstSeq));
      if (plan.test) applyTest(store, target, firstSeq, bitmap, plan.test);
      if (!consume(position, firstSeq, bitmap)) return;
      if (performance.now() > sliceEnd) {
        await nextTurn();
        sliceEnd = performance.now() + SLICE_MS;
      }
    }
  }
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

function* reversed(values: readonly number[]): Generator<number> {
  for (let i = values.length - 1; i >= 0; i--) yield values[i] as number;
}

/** Bitmaps of the documents of the view that have one of the ids. */
function idBlocks(target: SearchTarget, plan: QueryPlan, ids: ReadonlySet<string>): Map<number, Bitmap> {
  const blocks = new Map<number, Bitmap>();
  for (const id of ids) {
    const seq = target.view.find(id);
    if (seq === undefined || seq < plan.from || seq >= plan.to) continue;
    const block = blockOf(seq);
    let bitmap = blocks.get(block);
    if (bitmap === undefined) blocks.set(block, (bitmap = emptyBitmap()));
    setBit(bitmap, seq % BLOCK_SIZE);
  }
  return blocks;
}

function applyTest(
  store: DocumentStore,
  target: SearchTarget,
  firstSeq: number,
  bitmap: Bitmap,
  test: (candidate: Candidate) => boolean,
): void {
  for (const offset of setOffsets(bitmap)) {
    const operation = store.operation(target.view.ordinal, firstSeq + offset);
    if (operation === undefined || !test(candidateOf(target.index.name, firstSeq + offset, operation))) {
      clearBit(bitmap, offset);
    }
  }
}

/** A document as queries see it; must be used before the next read of the store. */
function candidateOf(index: string, seq: number, operation: OperationView): Candidate {
  let source: Record<string, unknown> | undefined;
  return {
    index,
    seq,
    get id() {
      return operation.id;
    },
    get routing() {
      return operation.routing;
    },
    get source() {
      return (source ??= JSON.parse(operation.source.toString()) as Record<string, unknown>);
    },
  };
}
