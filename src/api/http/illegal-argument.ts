import { SnapkeepError } from '../../contracts/errors';

/** Returns the error for a request that asks for what cannot be; the message is what the caller reads. */
export function illegal(message: string): SnapkeepError {
  return new SnapkeepError('illegal_argument_exception', message);
}
