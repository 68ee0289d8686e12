/** Selects the headers that pass to the cluster and back. */
import { type ServerResponse } from 'node:http';

/** Headers of one connection (RFC 9110, 7.6.1). Node answers `Expect` before a request is passed on. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
]);

/**
 * Returns a request's headers unchanged and in order, without those of the connection and without `Host`. If
 * `authorization` is given, it replaces the caller's credentials.
 */
export function forwardedHeaders(raw: readonly string[], authorization: string | undefined): string[] {
  const headers = headerPairs(raw);
  const connection = connectionNames(headers);
  const kept = headers.filter(([name]) => {
    const lower = name.toLowerCase();
    if (lower === 'host' || HOP_BY_HOP.has(lower) || connection.has(lower)) return false;
    return lower !== 'authorization' || authorization === undefined;
  });
  if (authorization !== undefined) kept.push(['authorization', authorization]);
  return kept.flat();
}

/** Returns an answer's headers grouped by name, without those of the connection. */
export function returnedHeaders(raw: readonly string[]): Map<string, string[]> {
  const headers = headerPairs(raw);
  const connection = connectionNames(headers);
  const byName = new Map<string, { readonly name: string; readonly values: string[] }>();
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower) || connection.has(lower)) continue;
    const known = byName.get(lower);
    if (known === undefined) byName.set(lower, { name, values: [value] });
    else known.values.push(value);
  }
  return new Map([...byName.values()].map(({ name, values }) => [name, values]));
}

/** Sets headers on an answer to a caller. */
export function setHeaders(response: ServerResponse, headers: Iterable<readonly [string, readonly string[]]>): void {
  for (const [name, values] of headers) {
    const [first = ''] = values;
    response.setHeader(name, values.length === 1 ? first : values);
  }
}

/** Returns the name and value of every header in a flat list of both. */
export function headerPairs(raw: readonly string[]): [string, string][] {
  const result: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) result.push([raw[i]!, raw[i + 1]!]);
  return result;
}

function connectionNames(headers: readonly [string, string][]): Set<string> {
  return new Set(
    headers
      .filter(([name]) => name.toLowerCase() === 'connection')
      .flatMap(([, value]) => value.split(','))
      .map((name) => name.trim().toLowerCase()),
  );
}
