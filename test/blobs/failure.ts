import { SnapkeepError } from '../../src/contracts/errors';

/** Returns what the call fails with, an error of the catalogue. */
export async function failure(call: Promise<unknown>): Promise<SnapkeepError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(SnapkeepError);
  return error as SnapkeepError;
}
