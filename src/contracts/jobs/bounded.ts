/** Lists and texts of bounded size: payloads have a limit, names and reasons have none. */

/** The first {@link MAX_LISTED} of a list, and how many there are. */
export interface Bounded<T> {
  readonly total: number;
  readonly first: readonly T[];
}

/** Entries of a list that a status, an outcome or an answer holds. */
export const MAX_LISTED = 100;

/** Characters of one reason in such a list. */
const MAX_REASON_LENGTH = 1_000;

/** Returns the list with its length, cut to what a payload may hold. */
export function bounded<T>(list: readonly T[]): Bounded<T> {
  return { total: list.length, first: list.slice(0, MAX_LISTED) };
}

/** Returns the lists as one. */
export function boundedSum<T>(lists: readonly Bounded<T>[]): Bounded<T> {
  return {
    total: lists.reduce((sum, list) => sum + list.total, 0),
    first: lists.flatMap((list) => list.first).slice(0, MAX_LISTED),
  };
}

/** Returns the text, cut to the length that a reason may have. */
export function cutReason(text: string): string {
  return text.length > MAX_REASON_LENGTH ? `${text.slice(0, MAX_REASON_LENGTH)}…` : text;
}
