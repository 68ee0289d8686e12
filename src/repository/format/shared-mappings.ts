/** Stores equal mappings once, because log clusters have thousands of indices with a few mappings between them. */

interface WithMappings {
  readonly mappings: string;
}

/** An index whose mapping is an ordinal in {@link SharedMappings.mappings}. */
type WithOrdinal<I extends WithMappings> = Omit<I, 'mappings'> & { readonly mapping: number };

/** Indices, and their mappings apart from them. */
export interface SharedMappings<I extends WithMappings> {
  /** Each text once, in the order of first use. */
  readonly mappings: readonly string[];
  readonly indices: readonly WithOrdinal<I>[];
}

/** Moves the mappings out of the indices, each once. {@link unshareMappings} is the inverse. */
export function shareMappings<I extends WithMappings>(indices: readonly I[]): SharedMappings<I> {
  const ordinals = new Map<string, number>();
  const shared = indices.map(({ mappings, ...index }) => {
    const mapping = ordinals.get(mappings) ?? ordinals.size;
    ordinals.set(mappings, mapping);
    return { ...index, mapping };
  });
  return { mappings: [...ordinals.keys()], indices: shared };
}

/**
 * Puts the mappings back into the indices; equal ones share one string. Ordinals must be below the number of mappings.
 */
export function unshareMappings<I extends WithMappings>({ mappings, indices }: SharedMappings<I>): I[] {
  return indices.map(({ mapping, ...index }) => ({ ...index, mappings: mappings[mapping] }) as unknown as I);
}
