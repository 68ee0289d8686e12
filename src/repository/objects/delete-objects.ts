import { type BlobCallOptions, type BlobStore } from '../../blobs/contract/blob-store';

/** Keys of one delete call. The store takes any number; progress is counted and reported between calls. */
const DELETED_AT_ONCE = 1000;

/** Deletes the objects, batch by batch, and reports each deleted batch to `onDeleted`. Throws what the store throws. */
export async function deleteAll<T extends { readonly key: string }>(
  store: BlobStore,
  objects: readonly T[],
  { signal, onDeleted }: BlobCallOptions & { onDeleted?: (some: readonly T[]) => void },
): Promise<void> {
  for (let from = 0; from < objects.length; from += DELETED_AT_ONCE) {
    const some = objects.slice(from, from + DELETED_AT_ONCE);
    await store.delete(
      some.map(({ key }) => key),
      { signal },
    );
    onDeleted?.(some);
  }
}
