/** Set operations on strictly ascending lists of numbers. */

/** Returns the numbers of `all` that are not in `some`. */
export function without(all: Float64Array, some: Float64Array): Float64Array {
  const rest = new Float64Array(all.length);
  let n = 0;
  let k = 0;
  for (const number of all) {
    while (k < some.length && some[k]! < number) k++;
    if (k >= some.length || some[k] !== number) rest[n++] = number;
  }
  return rest.subarray(0, n);
}

/** Returns whether every number of `some` is in `all`. */
export function includesAll(all: Float64Array, some: Float64Array): boolean {
  let k = 0;
  for (const number of some) {
    while (k < all.length && all[k]! < number) k++;
    if (k >= all.length || all[k] !== number) return false;
  }
  return true;
}

/** Returns the positions in `all` of the numbers that are also in `some`. */
export function positionsOf(all: Float64Array, some: Float64Array): Uint32Array<ArrayBuffer> {
  const positions = new Uint32Array(some.length);
  let n = 0;
  let k = 0;
  for (let i = 0; i < all.length && k < some.length; i++) {
    while (k < some.length && some[k]! < all[i]!) k++;
    if (k < some.length && some[k] === all[i]) positions[n++] = i;
  }
  return positions.slice(0, n);
}
