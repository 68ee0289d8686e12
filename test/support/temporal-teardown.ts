/** jest's globalTeardown: ends the Temporal dev server of the run. */
import type { RunGlobals } from './temporal-setup';

export default async function teardown(): Promise<void> {
  await (globalThis as RunGlobals).snapkeepTestTemporal?.stop(5_000);
}
