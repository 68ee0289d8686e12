import { randomBytes, randomInt } from 'node:crypto';
import { type NewPolicy } from '../contracts/jobs/policy';
import { resolveDateMath } from './date-math';

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';
const SM_LETTERS = 8;

/**
 * Returns the name of the next snapshot of a policy: its date math at `now`, and a random ending as the product of the
 * policy gives it. Throws `illegal_argument_exception` when the date math is invalid.
 */
export function policySnapshotName(
  { kind, snapshotName }: Pick<NewPolicy, 'kind' | 'snapshotName'>,
  now: number,
): string {
  const name = resolveDateMath(snapshotName, now);
  if (kind === 'slm') return `${name}-${randomBytes(16).toString('base64url').toLowerCase()}`;
  const ending = Array.from({ length: SM_LETTERS }, () => LETTERS[randomInt(LETTERS.length)]).join('');
  return `${name.toLowerCase()}-${ending}`;
}
