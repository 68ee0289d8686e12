/** Answers from this size on are received in shared memory. Smaller ones are not worth their administration. */
const LEAST_BYTES = 256 * 1024;
/** Bytes by which memory is made larger than a page, so that it fits the next one too. */
const STEP_BYTES = 1024 * 1024;
const LARGEST_BYTES = 8 * 1024 * 1024;
/** Most memories that are lent at the same time: pages that readers fetch ahead, and those being encoded. */
const MOST_LENT = 16;

/**
 * Memory for pages that several threads use, one after another. Shared memory is used again, and the garbage collector
 * does not count it. Pages in memory of their own made the thread of the Temporal worker mark its heap every 20 pages.
 */
export class SharedPages {
  private readonly free: SharedArrayBuffer[] = [];
  private lent = 0;

  /** Returns memory for a page; undefined if the page needs memory of its own. */
  take(bytes: number): Buffer<SharedArrayBuffer> | undefined {
    if (bytes < LEAST_BYTES || bytes > LARGEST_BYTES || this.lent === MOST_LENT) return undefined;
    this.lent++;
    const place = this.free.findLastIndex((memory) => memory.byteLength >= bytes);
    const memory =
      place >= 0 ? this.free.splice(place, 1)[0]! : new SharedArrayBuffer(Math.ceil(bytes / STEP_BYTES) * STEP_BYTES);
    return Buffer.from(memory, 0, bytes);
  }

  /** Takes back memory that nobody uses any more. */
  giveBack(memory: SharedArrayBuffer): void {
    this.lent--;
    this.free.push(memory);
    // Smaller memory that no page has fitted since would stay for ever.
    if (this.free.length > MOST_LENT) this.free.shift();
  }

  /** Forgets the memory that is not lent. */
  forget(): void {
    this.free.splice(0);
  }

  /** Counts memory as no longer lent that will not come back. */
  lose(): void {
    this.lent--;
  }
}
