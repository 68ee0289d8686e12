/** Facts about a request that its head alone shows. */
import { type IncomingMessage } from 'node:http';

/** Methods that change nothing. */
const READING: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Returns whether a method changes nothing. */
export function isRead(method: string | undefined): boolean {
  return READING.has(method ?? '');
}

/** Returns whether a request announces a body. */
export function hasBody({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;
}
