/** One measurement of one round; a quantity that was not measured is unset. */
export interface Reading {
  readonly ms?: number;
  /** Bytes that the work added to the store. */
  readonly bytes?: number;
  /** Those of them that hold documents. */
  readonly dataBytes?: number;
  /** Processor seconds of Snapkeep's worker. */
  readonly workerSeconds?: number;
  /** Processor seconds of the cluster's node. */
  readonly engineSeconds?: number;
  /** Time between the states of a snapshot's shards, by the clock of the one who writes. */
  readonly spreadMs?: number;
  /** The same as the snapshot itself states it. */
  readonly statedSpreadMs?: number;
}

export type Quantity = keyof Reading;

/** The measurements of one kind of work by one contender. */
interface Measured {
  readonly work: string;
  readonly contender: string;
  readonly readings: Reading[];
}

/** Collects measurements, in the order in which each kind first occurs. */
export class Results {
  readonly all: Measured[] = [];

  add(work: string, contender: string, reading: Reading): void {
    let one = this.all.find((other) => other.work === work && other.contender === contender);
    if (one === undefined) {
      one = { work, contender, readings: [] };
      this.all.push(one);
    }
    one.readings.push(reading);
  }

  /** Returns one quantity of each round; empty if it was not measured. */
  of(work: string, contender: string, quantity: Quantity): number[] {
    const one = this.all.find((other) => other.work === work && other.contender === contender);
    return one === undefined ? [] : valuesOf(one.readings, quantity);
  }
}

/** Returns the values of one quantity, of the readings that have it. */
export function valuesOf(readings: readonly Reading[], quantity: Quantity): number[] {
  return readings.flatMap((reading) => reading[quantity] ?? []);
}
