import { type ErrorCode } from './errors';

/** Plans a snapshot makes at most: the first, and ten again. */
export const MAX_PLANS = 11;

/**
 * Whether a snapshot whose commit was refused plans again: another installation changed what it builds on. What it copied and
 * can still use is not copied again. Any other refusal ends it, and so does the last plan's.
 *
 * @param code of the refusal.
 * @param plans made so far.
 */
export function plansAgain(code: ErrorCode | undefined, plans: number): boolean {
  return code === 'base_changed' && plans < MAX_PLANS;
}
