import { type Environment, readBytes } from './environment';
import { idKey } from './keys';

/** The last operation on an `_id` of a shard. */
export interface IdEntry {
  readonly seq: number;
  readonly version: bigint;
  readonly deleted: boolean;
}

type Entries = Map<number, Map<string, IdEntry>>;

const ENTRY_BYTES = 15;

function encodeEntry(entry: IdEntry): Buffer {
  const buffer = Buffer.allocUnsafe(ENTRY_BYTES);
  buffer[0] = entry.deleted ? 1 : 0;
  buffer.writeUIntBE(entry.seq, 1, 6);
  buffer.writeBigUInt64BE(entry.version, 7);
  return buffer;
}

function decodeEntry(bytes: Buffer): IdEntry {
  return { deleted: bytes[0] === 1, seq: bytes.readUIntBE(1, 6), version: bytes.readBigUInt64BE(7) };
}

function entriesOf(entries: Entries, ordinal: number): Map<string, IdEntry> {
  let ofShard = entries.get(ordinal);
  if (ofShard === undefined) entries.set(ordinal, (ofShard = new Map()));
  return ofShard;
}

/**
 * Maps `_id` to its last operation. New entries stay in memory and are written back in large sorted batches, because
 * random ids touch a page each: written one request at a time they would cost three times as much as the documents.
 * Nothing is lost by it: the operations themselves are on disk, and {@link IdIndex.stage} them again from there after a
 * crash.
 */
export class IdIndex {
  private recent: Entries = new Map();
  private recentCount = 0;
  private writingBack: Entries = new Map();

  constructor(private readonly environment: Environment) {}

  /** Entries that were not written back yet. */
  get pendingCount(): number {
    return this.recentCount;
  }

  get(ordinal: number, id: string): IdEntry | undefined {
    const recent = this.recent.get(ordinal)?.get(id) ?? this.writingBack.get(ordinal)?.get(id);
    if (recent !== undefined) return recent;
    const stored = readBytes(this.environment.ids, idKey(ordinal, id));
    return stored === undefined ? undefined : decodeEntry(stored);
  }

  /** Takes over entries whose operations have been committed. */
  stage(ordinal: number, entries: ReadonlyMap<string, IdEntry>): void {
    const recent = entriesOf(this.recent, ordinal);
    const before = recent.size;
    for (const [id, entry] of entries) recent.set(id, entry);
    this.recentCount += recent.size - before;
  }

  /** Moves what is pending aside and returns it in key order; {@link get} goes on finding it. */
  beginWriteBack(): { ordinal: number; id: string; entry: IdEntry }[] {
    this.writingBack = this.recent;
    this.recent = new Map();
    this.recentCount = 0;
    const all: { ordinal: number; id: string; entry: IdEntry; sortKey: string }[] = [];
    for (const [ordinal, entries] of this.writingBack) {
      for (const [id, entry] of entries) {
        all.push({ ordinal, id, entry, sortKey: id });
      }
    }
    // Neighbours in the tree end up in one transaction; the exact order does not matter for anything else.
    return all.sort((a, b) => a.ordinal - b.ordinal || (a.sortKey < b.sortKey ? -1 : a.sortKey > b.sortKey ? 1 : 0));
  }

  /** Writes one entry; within a transaction. */
  write(ordinal: number, id: string, entry: IdEntry): void {
    this.environment.ids.putSync(idKey(ordinal, id), encodeEntry(entry));
  }

  /** Forgets a stored tombstone, unless the id has been written again since; within a transaction. */
  removeTombstone(ordinal: number, id: string, seq: number): void {
    const key = idKey(ordinal, id);
    const stored = readBytes(this.environment.ids, key);
    if (stored === undefined) return;
    const entry = decodeEntry(stored);
    if (entry.deleted && entry.seq === seq) this.environment.ids.removeSync(key);
  }

  endWriteBack(): void {
    this.writingBack = new Map();
  }

  /** Puts back what {@link beginWriteBack} took, after a write-back that failed. */
  cancelWriteBack(): void {
    const newer = this.recent;
    this.recent = this.writingBack;
    this.writingBack = new Map();
    this.recentCount = 0;
    for (const entries of this.recent.values()) this.recentCount += entries.size;
    for (const [ordinal, entries] of newer) this.stage(ordinal, entries);
  }

  dropShard(ordinal: number): void {
    this.recentCount -= this.recent.get(ordinal)?.size ?? 0;
    this.recent.delete(ordinal);
    this.writingBack.delete(ordinal);
  }
}
