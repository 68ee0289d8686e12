/** Operations on ascending lists of numbers. In the lists of a shrunken shard, a number can occur several times. */

/** Returns the numbers of `all` that do not occur in `some`. */
export function without(all: Float64Array, some: Float64Array): Float64Array {
  if (some.length === 0) return all;
  const rest = new Float64Array(all.length);
  let n = 0;
  let k = 0;
  for (const number of all) {
    while (k < some.length && some[k]! < number) k++;
    if (k >= some.length || some[k] !== number) rest[n++] = number;
  }
  return rest.subarray(0, n);
}

/** Returns the positions in `all` of the numbers that also occur in `some`. */
export function positionsOf(all: Float64Array, some: Float64Array): Uint32Array<ArrayBuffer> {
  const positions = new Uint32Array(all.length);
  let n = 0;
  let k = 0;
  for (let i = 0; i < all.length && k < some.length; i++) {
    while (k < some.length && some[k]! < all[i]!) k++;
    if (k < some.length && some[k] === all[i]) positions[n++] = i;
  }
  return positions.slice(0, n);
}

/** Returns the part of a list that lies in `[from, to)`. The result shares memory with the list. */
export function within(all: Float64Array, from: number, to: number): Float64Array {
  return all.subarray(firstAtLeast(all, from), firstAtLeast(all, to));
}

/** Returns the position of the first number that is not below `bound`. */
function firstAtLeast(all: Float64Array, bound: number): number {
  let low = 0;
  let high = all.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (all[middle]! < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Joins lists to one ascending list. */
export function joined(lists: readonly Float64Array[]): Float64Array {
  if (lists.length === 1) return lists[0]!;
  const all = new Float64Array(lists.reduce((sum, list) => sum + list.length, 0));
  let at = 0;
  let ascends = true;
  for (const list of lists) {
    if (at > 0 && list.length > 0 && list[0]! < all[at - 1]!) ascends = false;
    all.set(list, at);
    at += list.length;
  }
  return ascends ? all : all.sort();
}

/** The difference between the numbers that were live and those that are. */
interface Losses {
  /** Numbers none of which is left; each once. */
  readonly gone: Float64Array;
  /** Numbers that occur less often than before, but still occur; each once. */
  readonly fewer: Float64Array;
  /** Whether a number occurs more often than before. */
  readonly grown: boolean;
}

/** Compares the numbers that were live `before` with those that are live `now`. */
export function lossesOf(before: Float64Array, now: Float64Array): Losses {
  const gone: number[] = [];
  const fewer: number[] = [];
  let k = 0;
  let grown = false;
  for (let i = 0; i < before.length;) {
    const number = before[i]!;
    let had = 0;
    while (i < before.length && before[i] === number) {
      had++;
      i++;
    }
    let has = 0;
    while (k < now.length && now[k]! <= number)
      if (now[k++] === number) has++;
      else grown = true;
    if (has === 0) gone.push(number);
    else if (has < had) fewer.push(number);
    else grown ||= has > had;
  }
  return { gone: Float64Array.from(gone), fewer: Float64Array.from(fewer), grown: grown || k < now.length };
}
