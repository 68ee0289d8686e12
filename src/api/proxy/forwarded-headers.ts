/** Headers on their way to the cluster and back. Pure. */

/** Meant for one connection only (RFC 9110, 7.6.1). `Expect` has been answered by the time a request is passed on. */
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
 * The request's headers as they came, in order, without those of the connection and the host's name. With
 * `authorization`, the configured credentials stand in for the caller's.
 */
export function forwardedHeaders(raw: readonly string[], authorization: string | undefined): string[] {
  const headers = pairs(raw);
  const connection = connectionNames(headers);
  const kept = headers.filter(([name]) => {
    const lower = name.toLowerCase();
    if (lower === 'host' || HOP_BY_HOP.has(lower) || connection.has(lower)) return false;
    return lower !== 'authorization' || authorization === undefined;
  });
  if (authorization !== undefined) kept.push(['authorization', authorization]);
  return kept.flat();
}

/** The answer's headers, those of one name together, without those of the connection. */
export function returnedHeaders(raw: readonly string[]): Map<string, string[]> {
  const headers = pairs(raw);
  const connection = connectionNames(headers);
  const byName = new Map<string, string[]>();
  const spelling = new Map<string, string>();
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower) || connection.has(lower)) continue;
    const known = spelling.get(lower);
    if (known === undefined) {
      spelling.set(lower, name);
      byName.set(name, [value]);
    } else {
      byName.get(known)!.push(value);
    }
  }
  return byName;
}

function connectionNames(headers: readonly [string, string][]): Set<string> {
  return new Set(
    headers
      .filter(([name]) => name.toLowerCase() === 'connection')
      .flatMap(([, value]) => value.split(','))
      .map((name) => name.trim().toLowerCase()),
  );
}

function pairs(raw: readonly string[]): [string, string][] {
  const result: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) result.push([raw[i], raw[i + 1]]);
  return result;
}
