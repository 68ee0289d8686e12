/** Bounds lists and texts, because payloads have a size limit whereas names and reasons have none. */

/** The first {@link MAX_LISTED} entries of a list, and its length. */
export interface Bounded<T> {
  readonly total: number;
  readonly first: readonly T[];
}

/** Most entries of a list in a status, an outcome or an answer. */
export const MAX_LISTED = 100;

/** Most characters of one reason in such a list. */
const MAX_REASON_LENGTH = 1_000;

/** Returns the start of the list, at most {@link MAX_LISTED} entries, and its length. */
export function bounded<T>(list: readonly T[]): Bounded<T> {
  return { total: list.length, first: list.slice(0, MAX_LISTED) };
}

/** Returns the concatenation of the lists. */
export function boundedSum<T>(lists: readonly Bounded<T>[]): Bounded<T> {
  return {
    total: lists.reduce((sum, list) => sum + list.total, 0),
    first: lists.flatMap((list) => list.first).slice(0, MAX_LISTED),
  };
}

/** Returns the text, cut to {@link MAX_REASON_LENGTH} characters. */
export function cutReason(text: string): string {
  return text.length > MAX_REASON_LENGTH ? `${text.slice(0, MAX_REASON_LENGTH)}…` : text;
}
