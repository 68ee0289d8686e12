/** What was measured, in the order it came first. */
export interface Measured {
  readonly work: string;
  readonly contender: string;
  /** Of each round. */
  readonly ms: number[];
  /** Of each round; empty where bytes are not the point. */
  readonly bytes: number[];
}

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
