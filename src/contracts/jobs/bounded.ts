import { type Bounded, MAX_LISTED, MAX_REASON_LENGTH } from '../jobs';

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
