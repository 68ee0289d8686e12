/** A set of sequence numbers as one bit for each: small enough for the numbers of any shard. */
export class NumberSet {
  private bits: Uint8Array;

  /** @param text what {@link NumberSet.toText} returned; the empty set if unset. */
  constructor(text?: string) {
    this.bits = text === undefined ? new Uint8Array(0) : Uint8Array.from(Buffer.from(text, 'base64'));
  }

  /** Adds ascending numbers. */
  add(numbers: Float64Array): void {
    const last = numbers.at(-1);
    if (last === undefined) return;
    this.reserve(Math.floor(last / 8) + 1);
    for (const number of numbers) this.bits[Math.floor(number / 8)]! |= 1 << (number % 8);
  }

  has(number: number): boolean {
    return ((this.bits[Math.floor(number / 8)] ?? 0) & (1 << (number % 8))) !== 0;
  }

  /** Returns the set as base64 text. */
  toText(): string {
    return Buffer.from(this.bits.buffer, this.bits.byteOffset, this.bits.byteLength).toString('base64');
  }

  private reserve(bytes: number): void {
    if (bytes <= this.bits.length) return;
    const larger = new Uint8Array(Math.max(bytes, 2 * this.bits.length));
    larger.set(this.bits);
    this.bits = larger;
  }
}
