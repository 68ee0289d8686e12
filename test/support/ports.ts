import { freePorts } from '../../packages/temporal-dev-server/src';

export { freePorts };

/** One port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  return port!;
}
