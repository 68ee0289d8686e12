/**
 * One operation of a shard, as stored under its sequence number: an indexed document, or a delete's tombstone.
 *
 *     offset  0        1             9             11                 13
 *             flags    version       length of id  length of routing  id, routing, source
 *             u8       u64           u16           u16                bytes as they came
 *
 * flags: 1 = delete, 2 = has a routing value.
 */
const HEADER = 13;
const FLAG_DELETE = 1;
const FLAG_ROUTING = 2;
const EMPTY = Buffer.alloc(0);

export interface Operation {
  readonly deleted: boolean;
  readonly id: string;
  /** `_version`: a whole 64-bit long, because an external version may be one. */
  readonly version: bigint;
  readonly routing: string | undefined;
  /** The document, byte for byte as it came; empty for a delete. */
  readonly source: Buffer;
}

/** Encodes an operation as the record that {@link OperationView} reads. */
export function encodeOperation(operation: Operation): Buffer {
  const { id, routing, source } = operation;
  const idLength = Buffer.byteLength(id);
  const routingLength = routing === undefined ? 0 : Buffer.byteLength(routing);
  const record = Buffer.allocUnsafe(HEADER + idLength + routingLength + source.length);
  record[0] = (operation.deleted ? FLAG_DELETE : 0) | (routing === undefined ? 0 : FLAG_ROUTING);
  record.writeBigUInt64BE(operation.version, 1);
  record.writeUInt16BE(idLength, 9);
  record.writeUInt16BE(routingLength, 11);
  record.write(id, HEADER, 'utf8');
  if (routing !== undefined) record.write(routing, HEADER + idLength, 'utf8');
  record.set(source, HEADER + idLength + routingLength);
  return record;
}

/** Reads a stored record in place; valid as long as the bytes it was made from are. */
export class OperationView implements Operation {
  constructor(private readonly record: Buffer) {}

  get deleted(): boolean {
    return ((this.record[0] as number) & FLAG_DELETE) !== 0;
  }

  get version(): bigint {
    return this.record.readBigUInt64BE(1);
  }

  get id(): string {
    return this.record.toString('utf8', HEADER, HEADER + this.idLength);
  }

  get routing(): string | undefined {
    if (((this.record[0] as number) & FLAG_ROUTING) === 0) return undefined;
    const from = HEADER + this.idLength;
    return this.record.toString('utf8', from, from + this.record.readUInt16BE(11));
  }

  get source(): Buffer {
    if (this.deleted) return EMPTY;
    return this.record.subarray(HEADER + this.idLength + this.record.readUInt16BE(11));
  }

  private get idLength(): number {
    return this.record.readUInt16BE(9);
  }
}
