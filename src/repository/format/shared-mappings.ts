/** Equal mappings stored once: log clusters have thousands of indices with a few mappings between them. */

interface WithMappings {
  readonly mappings: string;
}

/** An index whose mapping is an ordinal in a list beside it. */
export type WithOrdinal<I extends WithMappings> = Omit<I, 'mappings'> & { readonly mapping: number };

export interface SharedMappings<I extends WithMappings> {
  /** Each text once, in the order of first use. */
  readonly mappings: readonly string[];
  readonly indices: readonly WithOrdinal<I>[];
}

/** Takes equal mappings out of the indices. {@link unshareMappings} undoes it. */
export function shareMappings<I extends WithMappings>(indices: readonly I[]): SharedMappings<I> {
  const ordinals = new Map<string, number>();
  const shared = indices.map(({ mappings, ...index }) => {
    const mapping = ordinals.get(mappings) ?? ordinals.size;
    ordinals.set(mappings, mapping);
    return { ...index, mapping };
  });
  return { mappings: [...ordinals.keys()], indices: shared };
}

/** Puts the mappings back; equal ones are one string in memory, too. The ordinals must be those of `mappings`. */
export function unshareMappings<I extends WithMappings>({ mappings, indices }: SharedMappings<I>): I[] {
  return indices.map(({ mapping, ...index }) => ({ ...index, mappings: mappings[mapping] }) as unknown as I);
}
