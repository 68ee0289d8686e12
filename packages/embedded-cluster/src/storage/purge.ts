import type { DocumentStore } from './document-store';
import { readBytes } from './environment';
import { numberKey, numberOfKey, shardKey } from './keys';
import { seqAt } from './shard-state';
import { NO_PREDECESSOR } from './write-transaction';

/** Records removed in one transaction. */
const BATCH = 1_000;

/**
 * Removes documents of a shard that were superseded at `beforeMs` or earlier, and tombstones of that age, in bounded
 * transactions. `keepFrom` is the oldest view still in use: what it shows is kept whatever its age.
 */
export async function purgeSuperseded(
  store: DocumentStore,
  ordinal: number,
  beforeMs: number,
  keepFrom: number,
): Promise<void> {
  const state = store.state(ordinal);
  const aged = seqAt(state.marks, beforeMs);
  const limit = Math.min(aged, keepFrom);
  if (limit > state.purgedTo) {
    // Operations whose ids are not written back are read again after a crash, so they have to stay until they are.
    if (limit > state.indexedTo) await store.writeBackIds();
    while (store.hasShard(ordinal) && store.state(ordinal).purgedTo < limit) await purgeBatch(store, ordinal, limit);
  }
  if (store.hasShard(ordinal)) await refreshMarks(store, ordinal);
}

/** Drops marks that are purged, and marks the end of a shard that went quiet: or its last operations never grew old. */
async function refreshMarks(store: DocumentStore, ordinal: number): Promise<void> {
  const { marks, lastSeq, purgedTo } = store.state(ordinal);
  const kept = marks.filter((mark) => mark.seq > purgedTo);
  const isMarked = (kept.at(-1)?.seq ?? purgedTo) >= lastSeq;
  if (isMarked && kept.length === marks.length) return;
  await store.write((transaction) =>
    transaction.updateShard(ordinal, (state) => {
      state.marks = isMarked ? kept : [...kept, { timeMs: store.now(), seq: state.lastSeq }];
    }),
  );
}

function purgeBatch(store: DocumentStore, ordinal: number, limit: number): Promise<void> {
  return store.write((transaction) => {
    const { environment } = store;
    const range = {
      start: numberKey(ordinal, store.state(ordinal).purgedTo + 1),
      end: numberKey(ordinal, limit + 1),
      limit: BATCH,
    };
    const entries = [...environment.superseded.getRange(range)].map(({ key, value }) => ({
      seq: numberOfKey(key),
      before: value.readUIntBE(0, 6),
    }));
    let bytes = 0;
    let documents = 0;
    const removeOperation = (seq: number): void => {
      const key = numberKey(ordinal, seq);
      bytes += readBytes(environment.operations, key)?.length ?? 0;
      environment.operations.removeSync(key);
    };
    for (const { seq, before } of entries) {
      if (before !== NO_PREDECESSOR) {
        if (environment.gone.removeSync(numberKey(ordinal, before))) documents++;
        removeOperation(before);
      }
      const operation = store.operation(ordinal, seq);
      if (operation?.deleted === true) {
        const id = operation.id;
        store.idIndex.removeTombstone(ordinal, id, seq);
        removeOperation(seq);
      }
      environment.superseded.removeSync(numberKey(ordinal, seq));
    }
    transaction.updateShard(ordinal, (state) => {
      state.purgedTo = entries.length < BATCH ? limit : (entries.at(-1) as { seq: number }).seq;
      state.retainedDocs -= documents;
      state.storedBytes -= bytes;
    });
  }, BATCH);
}

/** Removes what shards of deleted indices left, in bounded transactions; safe to be cut off and started again. */
export async function removeDroppedShards(store: DocumentStore, keepGoing: () => boolean): Promise<void> {
  const { environment } = store;
  const ordinals = [...environment.meta.getKeys({ start: 'trash/', end: 'trash0' })].map((key) =>
    Number(key.slice('trash/'.length)),
  );
  for (const ordinal of ordinals) {
    const range = { start: shardKey(ordinal), end: shardKey(ordinal + 1), limit: BATCH };
    for (const database of [
      environment.operations,
      environment.superseded,
      environment.gone,
      environment.blocks,
      environment.ids,
    ]) {
      let removed = BATCH;
      while (removed === BATCH && keepGoing()) {
        removed = await store.write(() => {
          const keys = [...database.getKeys(range)];
          for (const key of keys) database.removeSync(key);
          return keys.length;
        }, BATCH);
      }
    }
    if (!keepGoing()) return;
    await store.write(() => void environment.meta.removeSync(`trash/${ordinal}`));
  }
}
