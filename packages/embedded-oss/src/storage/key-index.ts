import { type ByteString } from '../byte-string';

/** Keeps the keys of a bucket, in byte order. */
export class KeyIndex {
  private readonly keys: ByteString[];

  constructor(keys: readonly ByteString[]) {
    this.keys = [...keys].sort((a, b) => (a < b ? -1 : 1));
  }

  has(key: ByteString): boolean {
    return this.keys[this.position(key)] === key;
  }

  add(key: ByteString): void {
    const at = this.position(key);
    if (this.keys[at] !== key) this.keys.splice(at, 0, key);
  }

  remove(key: ByteString): void {
    const at = this.position(key);
    if (this.keys[at] === key) this.keys.splice(at, 1);
  }

  /** The first key that is not less than `bound`. */
  atOrAfter(bound: ByteString): ByteString | undefined {
    return this.keys[this.position(bound)];
  }

  /** The first key greater than `bound`. */
  after(bound: ByteString): ByteString | undefined {
    const at = this.position(bound);
    return this.keys[at] === bound ? this.keys[at + 1] : this.keys[at];
  }

  /** Index of the first key that is not less than `bound`. */
  private position(bound: ByteString): number {
    let low = 0;
    let high = this.keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.keys[middle]! < bound) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
