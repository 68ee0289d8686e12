import { type ErrorCode } from '../errors';

/** How often one snapshot plans again because another installation committed or swept what it built on. */
export const MAX_REPLANS = 10;

/** Returns whether a snapshot whose commit failed with `code`, after its plan number `plans`, plans again. */
export function plansAgain(code: ErrorCode | undefined, plans: number): boolean {
  return code === 'base_changed' && plans <= MAX_REPLANS;
}
