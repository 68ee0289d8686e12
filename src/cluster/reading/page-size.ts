import { PAGE_TARGET_BYTES } from './document-reader';

/** Estimates how many documents make a page of {@link PAGE_TARGET_BYTES}, from the pages read so far. */
export class PageSize {
  private bytesPerDocument: number;

  /** @param bytesPerDocument the estimate before the first page. */
  constructor(bytesPerDocument: number) {
    this.bytesPerDocument = Math.max(1, bytesPerDocument);
  }

  /** The documents of the next page, at least one. */
  get documents(): number {
    return Math.max(1, Math.floor(PAGE_TARGET_BYTES / this.bytesPerDocument));
  }

  /** Returns the expected bytes of some documents. */
  bytesOf(documents: number): number {
    return documents * this.bytesPerDocument;
  }

  /** Learns from a page that was read. */
  sawPage(documents: number, bytes: number): void {
    if (documents < 1) return;
    const seen = bytes / documents;
    // The estimate rises immediately and falls slowly, because a page too large costs more than one too small.
    this.bytesPerDocument = Math.max(1, seen, (this.bytesPerDocument + seen) / 2);
  }

  /** Learns from a page that was discarded at `bytes`. */
  sawTooLarge(documents: number, bytes: number): void {
    this.bytesPerDocument = Math.max(this.bytesPerDocument, (2 * bytes) / Math.max(1, documents));
  }
}
