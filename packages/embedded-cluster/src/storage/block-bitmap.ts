/**
 * Bitmaps of 1,024 neighbouring sequence numbers: a set bit is a document. They make counting a range cost as many
 * lookups as it has blocks, not documents.
 */
export const BLOCK_SIZE = 1024;
const WORDS = BLOCK_SIZE / 32;

/** One block: bit `seq % 1024` of 32 words of 32 bits. */
export type Bitmap = Uint32Array;

/** Returns the number of the block that contains `seq`. */
export const blockOf = (seq: number): number => Math.floor(seq / BLOCK_SIZE);

/** Returns a bitmap without set bits. */
export const emptyBitmap = (): Bitmap => new Uint32Array(WORDS);

/** Copies stored bytes, which may be unaligned and may be overwritten by the next read. */
export function decodeBitmap(bytes: Uint8Array): Bitmap {
  const bitmap = emptyBitmap();
  new Uint8Array(bitmap.buffer).set(bytes);
  return bitmap;
}

/** Returns the bytes to store, as a view on the bitmap. */
export const encodeBitmap = (bitmap: Bitmap): Buffer =>
  Buffer.from(bitmap.buffer, bitmap.byteOffset, bitmap.byteLength);

/** Sets the bit at `offset`, which must be below {@link BLOCK_SIZE}. */
export function setBit(bitmap: Bitmap, offset: number): void {
  (bitmap[offset >>> 5] as number) |= 1 << (offset & 31);
}

/** Clears the bit at `offset`, which must be below {@link BLOCK_SIZE}. */
export function clearBit(bitmap: Bitmap, offset: number): void {
  (bitmap[offset >>> 5] as number) &= ~(1 << (offset & 31));
}

/** Keeps the bits of offsets in `[from, to)` and clears the others. */
export function keepRange(bitmap: Bitmap, from: number, to: number): void {
  for (let word = 0; word < WORDS; word++) {
    const low = Math.max(0, from - word * 32);
    const high = Math.min(32, to - word * 32);
    if (low >= 32 || high <= 0) bitmap[word] = 0;
    else (bitmap[word] as number) &= (maskBelow(high) & ~maskBelow(low)) >>> 0;
  }
}

const maskBelow = (bits: number): number => (bits >= 32 ? 0xffffffff : (1 << bits) - 1);

/** Counts the bits set at offsets in `[from, to)`. */
export function countBits(bitmap: Bitmap, from = 0, to = BLOCK_SIZE): number {
  let count = 0;
  for (let word = from >>> 5; word < WORDS && word * 32 < to; word++) {
    let bits = bitmap[word] as number;
    if (word * 32 < from) bits &= ~maskBelow(from - word * 32);
    if (word * 32 + 32 > to) bits &= maskBelow(to - word * 32);
    bits -= (bits >>> 1) & 0x55555555;
    bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
    count += (((bits + (bits >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
  }
  return count;
}

/** Returns the offsets of the set bits in ascending order. */
export function setOffsets(bitmap: Bitmap): number[] {
  const offsets: number[] = [];
  for (let word = 0; word < WORDS; word++) {
    let bits = bitmap[word] as number;
    while (bits !== 0) {
      const lowest = bits & -bits;
      offsets.push(word * 32 + 31 - Math.clz32(lowest));
      bits ^= lowest;
    }
  }
  return offsets;
}
