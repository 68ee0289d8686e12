import { hostname } from 'node:os';

/** Returns the name of this process among all of an installation, as Temporal shows it. */
export function processIdentity(): string {
  return `${process.pid}@${hostname()}`;
}
