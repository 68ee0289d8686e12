/**
 * The hits of one search response as offsets into its bytes. No document is parsed: `_source`, `_id` and `_routing`
 * stay the bytes that the cluster sent. Entry `i` of each array belongs to hit `i`; arrays have `count` entries.
 */
export interface HitTable {
  readonly count: number;
  /** `_id` as a raw JSON string with its quotes: `[idStart, idEnd)`. */
  readonly idStart: Uint32Array<ArrayBuffer>;
  readonly idEnd: Uint32Array<ArrayBuffer>;
  /** `_routing` as a raw JSON string with its quotes; -1 if the document has none. */
  readonly routingStart: Int32Array<ArrayBuffer>;
  readonly routingEnd: Int32Array<ArrayBuffer>;
  /**
   * `_version` as raw digits. A number would lose digits of this 64-bit integer: external versions are often
   * timestamps.
   */
  readonly versionStart: Uint32Array<ArrayBuffer>;
  readonly versionEnd: Uint32Array<ArrayBuffer>;
  readonly seqNo: Float64Array<ArrayBuffer>;
  /** The first sort value; -1 if it is not a non-negative integer. In document order it is the document number. */
  readonly sort: Float64Array<ArrayBuffer>;
  /** `_source` as raw JSON; -1 if the hit has none because the mapping disables it. */
  readonly sourceStart: Int32Array<ArrayBuffer>;
  readonly sourceEnd: Int32Array<ArrayBuffer>;
  /** 1 if `_source` holds a raw line feed or carriage return and needs `toSingleLine` before it fits `_bulk`. */
  readonly sourceBreaks: Uint8Array<ArrayBuffer>;
}

/**
 * Finds spans with line breaks. Spans must be asked in ascending order, so that each byte is searched once, natively.
 */
export class LineBreaks {
  private lineFeed: number;
  private carriageReturn: number;

  constructor(private readonly b: Buffer) {
    this.lineFeed = next(b, 0x0a, 0);
    this.carriageReturn = next(b, 0x0d, 0);
  }

  /** Returns whether `[start, end)` holds a line feed or a carriage return. */
  within(start: number, end: number): boolean {
    if (this.lineFeed < start) this.lineFeed = next(this.b, 0x0a, start);
    if (this.carriageReturn < start) this.carriageReturn = next(this.b, 0x0d, start);
    return this.lineFeed < end || this.carriageReturn < end;
  }
}

function next(b: Buffer, byte: number, from: number): number {
  const at = b.indexOf(byte, from);
  return at < 0 ? Number.POSITIVE_INFINITY : at;
}

/** Fills a {@link HitTable}. */
export class HitTableBuilder {
  count = 0;
  private room = 1024;
  idStart = new Uint32Array(this.room);
  idEnd = new Uint32Array(this.room);
  routingStart = new Int32Array(this.room);
  routingEnd = new Int32Array(this.room);
  versionStart = new Uint32Array(this.room);
  versionEnd = new Uint32Array(this.room);
  seqNo = new Float64Array(this.room);
  sort = new Float64Array(this.room);
  sourceStart = new Int32Array(this.room);
  sourceEnd = new Int32Array(this.room);
  sourceBreaks = new Uint8Array(this.room);

  /** Adds an empty row and returns its number. */
  add(): number {
    if (this.count === this.room) this.grow();
    const row = this.count++;
    this.routingStart[row] = -1;
    this.routingEnd[row] = -1;
    this.seqNo[row] = -1;
    this.sort[row] = -1;
    this.sourceStart[row] = -1;
    this.sourceEnd[row] = -1;
    return row;
  }

  private grow(): void {
    this.room *= 4;
    const u32 = (old: Uint32Array<ArrayBuffer>) => copyInto(new Uint32Array(this.room), old);
    const i32 = (old: Int32Array<ArrayBuffer>) => copyInto(new Int32Array(this.room), old);
    this.idStart = u32(this.idStart);
    this.idEnd = u32(this.idEnd);
    this.routingStart = i32(this.routingStart);
    this.routingEnd = i32(this.routingEnd);
    this.versionStart = u32(this.versionStart);
    this.versionEnd = u32(this.versionEnd);
    this.seqNo = copyInto(new Float64Array(this.room), this.seqNo);
    this.sort = copyInto(new Float64Array(this.room), this.sort);
    this.sourceStart = i32(this.sourceStart);
    this.sourceEnd = i32(this.sourceEnd);
    this.sourceBreaks = copyInto(new Uint8Array(this.room), this.sourceBreaks);
  }

  /** Returns the table of the rows so far; it shares memory with the builder. */
  finish(): HitTable {
    const n = this.count;
    return {
      count: n,
      idStart: this.idStart.subarray(0, n),
      idEnd: this.idEnd.subarray(0, n),
      routingStart: this.routingStart.subarray(0, n),
      routingEnd: this.routingEnd.subarray(0, n),
      versionStart: this.versionStart.subarray(0, n),
      versionEnd: this.versionEnd.subarray(0, n),
      seqNo: this.seqNo.subarray(0, n),
      sort: this.sort.subarray(0, n),
      sourceStart: this.sourceStart.subarray(0, n),
      sourceEnd: this.sourceEnd.subarray(0, n),
      sourceBreaks: this.sourceBreaks.subarray(0, n),
    };
  }
}

function copyInto<T extends { set(from: T): void }>(to: T, from: T): T {
  to.set(from);
  return to;
}
