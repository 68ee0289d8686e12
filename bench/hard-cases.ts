/** An index whose documents cost the cluster much to read, since those of a page seldom lie beside each other. */
export interface HardCase {
  /** `best_compression-4w-deleted`. */
  readonly name: string;
  readonly codec: 'default' | 'best_compression';
  /** Clients that write at the same time. */
  readonly writers: number;
  /** Share of the documents that is deleted afterwards. */
  readonly deleted: number;
  /** Whether it is measured unless others are chosen. */
  readonly usual: boolean;
}

const USUAL = ['best_compression-1w', 'best_compression-4w-deleted'];

/** Every combination of codec, writers and deletes. */
export const HARD_CASES: readonly HardCase[] = (['default', 'best_compression'] as const).flatMap((codec) =>
  [1, 4].flatMap((writers) =>
    [0, 0.01].map((deleted) => {
      const name = `${codec}-${writers}w${deleted > 0 ? '-deleted' : ''}`;
      return { name, codec, writers, deleted, usual: USUAL.includes(name) };
    }),
  ),
);
