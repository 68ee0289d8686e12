/** Objects of a bucket at one moment: key → ETag and length. */
export type Listing = ReadonlyMap<string, { readonly etag: string; readonly size: number }>;

interface ListingChange {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Keys with other content than before. */
  readonly changed: readonly string[];
  /** Bytes of `added` and of `removed`. */
  readonly addedBytes: number;
  readonly removedBytes: number;
}

/** Returns the differences between two listings of a bucket. */
export function compareListings(before: Listing, after: Listing): ListingChange {
  const added = [...after.keys()].filter((key) => !before.has(key));
  const removed = [...before.keys()].filter((key) => !after.has(key));
  const changed = [...after.keys()].filter((key) => before.has(key) && before.get(key)!.etag !== after.get(key)!.etag);
  const sum = (keys: readonly string[], listing: Listing): number =>
    keys.reduce((all, key) => all + listing.get(key)!.size, 0);
  return { added, removed, changed, addedBytes: sum(added, after), removedBytes: sum(removed, before) };
}

/** Sums the bytes of all objects. */
export const sizeOf = (listing: Listing): number => [...listing.values()].reduce((sum, { size }) => sum + size, 0);
