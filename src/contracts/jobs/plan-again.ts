import { type ErrorCode } from '../errors';

/** Most times that one snapshot plans again because another installation committed or swept its base. */
export const MAX_REPLANS = 10;

/** Returns whether a snapshot plans again after the commit of its plan number `plans` failed with `code`. */
export function plansAgain(code: ErrorCode | undefined, plans: number): boolean {
  return code === 'base_changed' && plans <= MAX_REPLANS;
}
