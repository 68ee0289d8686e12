import { freePorts } from '../../src/embedded/temporal/free-ports';

export { freePorts };

/** One port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  return port!;
}
