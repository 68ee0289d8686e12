/** The measurements of one kind of work by one contender. */
interface Measured {
  readonly work: string;
  readonly contender: string;
  /** Time of each round. */
  readonly ms: number[];
  /** Bytes of each round; empty if bytes are not measured. */
  readonly bytes: number[];
}

/** Collects measurements, in the order in which each kind first occurs. */
export class Results {
  readonly all: Measured[] = [];

  add(work: string, contender: string, ms: number, bytes?: number): void {
    let one = this.find(work, contender);
    if (one === undefined) {
      one = { work, contender, ms: [], bytes: [] };
      this.all.push(one);
    }
    one.ms.push(ms);
    if (bytes !== undefined) one.bytes.push(bytes);
  }

  find(work: string, contender: string): Measured | undefined {
    return this.all.find((one) => one.work === work && one.contender === contender);
  }
}
